namespace Tailrace.Http.Rules;

/// <summary>What came of rewriting a path.</summary>
internal enum RewriteResult : byte
{
    /// <summary>There is a new one.</summary>
    Done,

    /// <summary>It has a segment that some origins take for "..": the new path would not hold for them.</summary>
    Ambiguous,

    /// <summary>The time limit of the pattern has passed.</summary>
    TookTooLong,
}

/// <summary>What to tell clients of it.</summary>
internal static class RewriteResults
{
    /// <summary>The status of the answer.</summary>
    internal static int StatusOf(RewriteResult result) => result == RewriteResult.Ambiguous ? 400 : 500;

    /// <summary>The reason in a few words.</summary>
    internal static string Reason(RewriteResult result) =>
        result == RewriteResult.Ambiguous ? "the path is ambiguous" : "the pattern of a rewrite took too long";
}
