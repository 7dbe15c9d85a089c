using Tailrace.Config;
using Tailrace.Http;

namespace Tailrace.Hosting;

/// <summary>What a listener lets pass before any route is asked. Immutable.</summary>
/// <param name="RefusedPaths">What a path must not have.</param>
/// <param name="ForwardsTrace">Whether TRACE is forwarded.</param>
/// <param name="AnswersContinue">Whether expectations are met here, so that others than "100-continue" fail.</param>
internal sealed record RequestPolicy(PathOddity RefusedPaths, bool ForwardsTrace, bool AnswersContinue)
{
    internal static RequestPolicy From(ListenerOptions options)
    {
        var refused = PathOddity.None;
        if (options.Paths.DotSegments == OddPathMode.Reject) refused |= PathOddity.DotSegment;
        if (options.Paths.EncodedSlashes == OddPathMode.Reject) refused |= PathOddity.EncodedSlash;
        return new RequestPolicy(refused, options.Trace, options.Expect == ExpectMode.Answer);
    }
}
