using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary>
/// What a command wants to have run: options, and which of the command's own handlers answer beside the routes.
/// </summary>
/// <param name="Options">Valid options.</param>
/// <param name="Pages">The handlers.</param>
internal sealed record LaunchRequest(TailraceOptions Options, BuiltInPages Pages);

/// <summary>The handlers that the command brings along.</summary>
internal enum BuiltInPages
{
    /// <summary>None: the routes of the options are all there is.</summary>
    None,

    /// <summary>The companion origin, on every listener.</summary>
    Echo,

    /// <summary>
    /// The welcome pages on the listener called <c>demo</c>, the companion origin on the one called <c>echo</c>.
    /// </summary>
    Demo,
}

/// <summary>Runs a server until it is told to stop, and returns the exit code.</summary>
/// <param name="request">What to run.</param>
/// <param name="output">Where results go.</param>
/// <param name="error">Where a failure to start is explained.</param>
internal delegate int Launcher(LaunchRequest request, TextWriter output, TextWriter error);
