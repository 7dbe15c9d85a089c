namespace Tailrace.Config;

/// <summary>
/// How the path of a request changes on its way to the origin, or into a redirect: a prefix, the whole, or by a
/// pattern.
/// </summary>
/// <remarks>What is rewritten is the normal form of the path, by which routes are found; the query is kept.</remarks>
public sealed record RewriteOptions
{
    /// <summary>
    /// Segments that are taken off the front: of <c>/api/x</c>, <c>/api</c> leaves <c>/x</c>. A path that does not
    /// begin with them keeps its front. Default: <c>""</c>.
    /// </summary>
    public string StripPrefix { get; init; } = "";

    /// <summary>Segments that are put in front, after the others were taken off. Default: <c>""</c>.</summary>
    public string AddPrefix { get; init; } = "";

    /// <summary>The path that replaces every other. Default: <c>""</c>.</summary>
    public string Path { get; init; } = "";

    /// <summary>
    /// A regular expression, in the syntax of .NET without what needs backtracking, of which every match in the path is
    /// replaced by <see cref="Replacement"/>. Default: <c>""</c>.
    /// </summary>
    public string Pattern { get; init; } = "";

    /// <summary>
    /// What stands for a match: <c>$1</c> and <c>${name}</c> are its groups, <c>$0</c> the match, <c>$$</c> is a dollar
    /// sign. Default: <c>""</c>.
    /// </summary>
    public string Replacement { get; init; } = "";

    /// <summary>How long a pattern may take, else 500. Default: <c>100ms</c>.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMilliseconds(100);
}

/// <summary>Another place that clients are sent to: what is not given stays as it is in the request.</summary>
public sealed record RedirectOptions
{
    /// <summary>The status: 301, 302, 303, 307 or 308. Default: <c>307</c>.</summary>
    public int Status { get; init; } = 307;

    /// <summary>The scheme. Default: <c>keep</c>.</summary>
    public RedirectScheme Scheme { get; init; } = RedirectScheme.Keep;

    /// <summary>The host, without a port. Default: <c>""</c>.</summary>
    public string Host { get; init; } = "";

    /// <summary>
    /// The port; 0: that of the request, or the scheme's own where scheme or host is another. Default: <c>0</c>.
    /// </summary>
    public int Port { get; init; }

    /// <summary>Whether the query goes along. Default: <c>true</c>.</summary>
    public bool KeepQuery { get; init; } = true;
}

/// <summary>The scheme of a redirect.</summary>
public enum RedirectScheme
{
    /// <summary>That of the request.</summary>
    Keep,

    /// <summary>http.</summary>
    Http,

    /// <summary>https.</summary>
    Https,
}
