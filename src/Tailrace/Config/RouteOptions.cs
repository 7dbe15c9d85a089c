namespace Tailrace.Config;

/// <summary>Which requests go where.</summary>
/// <remarks>
/// The most specific route wins: an exact host before a wildcard, a longer wildcard before a shorter one, any wildcard
/// before no host; among the routes of that host an exact path before a prefix, a longer prefix before a shorter one.
/// Only among routes with the same host and path does the order count: those that have conditions are tried in their
/// order, and then the one that has none. When no route of that host fits, the next less specific host is asked.
/// </remarks>
public sealed record RouteOptions
{
    /// <summary>What logs and errors call this route. Default: <c>""</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>The requests that this route is for; empty: all of them.</summary>
    public MatchOptions Match { get; init; } = new();

    /// <summary>
    /// The cluster that requests are forwarded to; this, <see cref="Split"/>, <see cref="Respond"/> or
    /// <see cref="Redirect"/>. Default: <c>""</c>.
    /// </summary>
    public string Cluster { get; init; } = "";

    /// <summary>Several clusters that share the requests, instead of one. Default: none.</summary>
    public SplitOptions? Split { get; init; }

    /// <summary>A cluster that gets copies of requests. Default: none.</summary>
    public MirrorOptions? Mirror { get; init; }

    /// <summary>The fixed reply that requests get. Default: none.</summary>
    public RespondOptions? Respond { get; init; }

    /// <summary>Another place that clients are sent to. Default: none.</summary>
    public RedirectOptions? Redirect { get; init; }

    /// <summary>How the path changes on its way to the origin, or into the redirect. Default: none.</summary>
    public RewriteOptions? Rewrite { get; init; }

    /// <summary>
    /// The <c>Host</c> that the origin sees: <c>keep</c> (what the client sent), <c>destination</c> (the address of the
    /// destination as written), or any other text, which is sent literally. Default: <c>keep</c>.
    /// </summary>
    public string HostHeader { get; init; } = "keep";

    /// <summary>What changes in the headers of requests that are forwarded.</summary>
    public HeaderEditOptions RequestHeaders { get; init; } = new();

    /// <summary>What changes in the headers of every answer of this route, Tailrace's own included.</summary>
    public HeaderEditOptions ResponseHeaders { get; init; } = new();

    /// <summary>
    /// The protocols that a client may change to by <c>Upgrade</c>, with their versions where they have one; none: no
    /// upgrade is forwarded. Default: <c>[websocket]</c>.
    /// </summary>
    public IReadOnlyList<string> Upgrade { get; init; } = s_webSocket;

    private static readonly string[] s_webSocket = ["websocket"];
}

/// <summary>A fixed reply.</summary>
public sealed record RespondOptions
{
    /// <summary>The status code, 200 to 599. Default: <c>200</c>.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The content, sent as UTF-8. Default: <c>""</c>.</summary>
    public string Body { get; init; } = "";

    /// <summary>
    /// A file that has the content, at most 1 MiB; it is read once, at the start. Default: <c>""</c>.
    /// </summary>
    public string BodyFile { get; init; } = "";

    /// <summary>The <c>Content-Type</c>. Default: <c>text/plain; charset=utf-8</c>.</summary>
    public string ContentType { get; init; } = "text/plain; charset=utf-8";
}
