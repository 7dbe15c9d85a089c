namespace Tailrace.Config;

/// <summary>Which requests go where.</summary>
/// <remarks>
/// The most specific route wins and the order of routes means nothing: an exact host before a wildcard, a longer
/// wildcard before a shorter one, any wildcard before no host; among the routes of that host an exact path before a
/// prefix, a longer prefix before a shorter one. When no route of that host fits the path, the next less specific host
/// is asked.
/// </remarks>
public sealed record RouteOptions
{
    /// <summary>What logs and errors call this route. Default: <c>""</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>The requests that this route is for; empty: all of them.</summary>
    public MatchOptions Match { get; init; } = new();

    /// <summary>
    /// The cluster that requests are forwarded to; this or <see cref="Respond"/>. Default: <c>""</c>.
    /// </summary>
    public string Cluster { get; init; } = "";

    /// <summary>The fixed reply that requests get; this or <see cref="Cluster"/>. Default: none.</summary>
    public RespondOptions? Respond { get; init; }

    /// <summary>
    /// The <c>Host</c> that the origin sees: <c>keep</c> (what the client sent), <c>destination</c> (the address of the
    /// destination as written), or any other text, which is sent literally. Default: <c>keep</c>.
    /// </summary>
    public string HostHeader { get; init; } = "keep";

    /// <summary>
    /// The protocols that a client may change to by <c>Upgrade</c>, with their versions where they have one; none: no
    /// upgrade is forwarded. Default: <c>[websocket]</c>.
    /// </summary>
    public IReadOnlyList<string> Upgrade { get; init; } = s_webSocket;

    private static readonly string[] s_webSocket = ["websocket"];
}

/// <summary>The requests that a route is for. What is not given matches everything.</summary>
public sealed record MatchOptions
{
    /// <summary>
    /// Host names without a port, compared without regard to case: <c>a.example</c>, or <c>*.a.example</c> for every
    /// name below <c>a.example</c>. Any one of them suffices. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Host { get; init; } = [];

    /// <summary>The whole path, without the query. Default: <c>""</c>.</summary>
    public string Path { get; init; } = "";

    /// <summary>
    /// The first segments of the path: <c>/api</c> matches <c>/api</c> and <c>/api/x</c>, not <c>/apix</c>;
    /// <c>/api/</c> matches what lies below only. Default: <c>""</c>.
    /// </summary>
    public string PathPrefix { get; init; } = "";
}

/// <summary>A fixed reply.</summary>
public sealed record RespondOptions
{
    /// <summary>The status code, 200 to 599. Default: <c>200</c>.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The content, sent as UTF-8. Default: <c>""</c>.</summary>
    public string Body { get; init; } = "";

    /// <summary>The <c>Content-Type</c>. Default: <c>text/plain; charset=utf-8</c>.</summary>
    public string ContentType { get; init; } = "text/plain; charset=utf-8";
}
