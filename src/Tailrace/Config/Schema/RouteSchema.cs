namespace Tailrace.Config.Schema;

/// <summary>The keys of a route.</summary>
internal static class RouteSchema
{
    private static readonly SectionKind<RespondOptions> s_respond = new("respond",
        new Field<RespondOptions, int>("status",
            "The status code.",
            new NumberKind<int>(200, 599), o => o.Status, (o, v) => o with { Status = v }),
        new Field<RespondOptions, string>("body",
            "The content, sent as UTF-8.",
            new TextKind("text", TextRules.Any), o => o.Body, (o, v) => o with { Body = v }),
        new Field<RespondOptions, string>("body_file",
            "A file that has the content instead, at most 1 MiB; it is read once, at the start.",
            new TextKind("the path of a file", TextRules.Label), o => o.BodyFile, (o, v) => o with { BodyFile = v }),
        new Field<RespondOptions, string>("content_type",
            "The Content-Type.",
            new TextKind("a media type such as text/html", TextRules.FieldValue),
            o => o.ContentType, (o, v) => o with { ContentType = v }));

    private static readonly SectionKind<HeaderEditOptions> s_headerEdits = new("header edits",
        new Field<HeaderEditOptions, IReadOnlyList<HeaderOptions>>("set",
            "Headers that replace all that came by their names. Values may hold ${client_ip}, ${host}, ${method}, "
            + "${path}, ${query} and ${upstream}.",
            new HeaderMapKind(), o => o.Set, (o, v) => o with { Set = v }),
        new Field<HeaderEditOptions, IReadOnlyList<HeaderOptions>>("add",
            "Headers that are added to what came by their names.",
            new HeaderMapKind(), o => o.Add, (o, v) => o with { Add = v }),
        new Field<HeaderEditOptions, IReadOnlyList<string>>("remove",
            "Names of headers that are left out.",
            new ListKind<string>("names",
                new TextKind("the name of a header", HeaderRules.EditedName), "", orOne: true),
            o => o.Remove, (o, v) => o with { Remove = v }));

    private static readonly SectionKind<RouteOptions> s_route = new("route",
        new Field<RouteOptions, string>("name",
            "What logs and errors call this route.",
            new TextKind("a name", TextRules.Label), o => o.Name, (o, v) => o with { Name = v }),
        new Field<RouteOptions, MatchOptions>("match",
            "The requests that this route is for; left out: all. The most specific route wins: an exact host before a "
            + "wildcard, an exact path before a prefix, the longer one before the shorter. With the same host and "
            + "path, the first whose other conditions hold, and then the one without any.",
            MatchSchema.Match, o => o.Match, (o, v) => o with { Match = v }),
        new Field<RouteOptions, string>("cluster",
            "The cluster that requests are forwarded to. One of this, split, respond and redirect must be "
            + "given.",
            new TextKind("the name of a cluster", TextRules.Any), o => o.Cluster, (o, v) => o with { Cluster = v }),
        new Field<RouteOptions, SplitOptions?>("split",
            "Several clusters that share the requests, instead of one.",
            new OptionalKind<SplitOptions>(SplitSchema.Split), o => o.Split, (o, v) => o with { Split = v }),
        new Field<RouteOptions, MirrorOptions?>("mirror",
            "A cluster that gets copies of requests; its answers are dropped.",
            new OptionalKind<MirrorOptions>(SplitSchema.Mirror), o => o.Mirror, (o, v) => o with { Mirror = v }),
        new Field<RouteOptions, RespondOptions?>("respond",
            "A fixed reply, instead of a cluster.",
            new OptionalKind<RespondOptions>(s_respond), o => o.Respond, (o, v) => o with { Respond = v }),
        new Field<RouteOptions, RedirectOptions?>("redirect",
            "Another place that clients are sent to, instead of a cluster.",
            new OptionalKind<RedirectOptions>(RewriteSchema.Redirect),
            o => o.Redirect, (o, v) => o with { Redirect = v }),
        new Field<RouteOptions, RewriteOptions?>("rewrite",
            "How the path changes on its way to the origin, or into the redirect.",
            new OptionalKind<RewriteOptions>(RewriteSchema.Rewrite),
            o => o.Rewrite, (o, v) => o with { Rewrite = v }),
        new Field<RouteOptions, string>("host_header",
            "The Host that the origin sees: keep (what the client sent), destination (its address as written here), or "
            + "any other host, which is sent literally.",
            new TextKind("keep, destination or a host", TextRules.HostHeader),
            o => o.HostHeader, (o, v) => o with { HostHeader = v }),
        new Field<RouteOptions, HeaderEditOptions>("request_headers",
            "What changes in the headers of requests that are forwarded.",
            s_headerEdits, o => o.RequestHeaders, (o, v) => o with { RequestHeaders = v }),
        new Field<RouteOptions, HeaderEditOptions>("response_headers",
            "What changes in the headers of every answer of this route, Tailrace's own included.",
            s_headerEdits, o => o.ResponseHeaders, (o, v) => o with { ResponseHeaders = v }),
        new Field<RouteOptions, IReadOnlyList<string>>("upgrade",
            "The protocols that a client may change to by Upgrade, each with its version if it has one; []: none.",
            new ListKind<string>("protocols",
                new TextKind("a protocol such as websocket", TextRules.Protocol), "", orOne: true),
            o => o.Upgrade, (o, v) => o with { Upgrade = v }));

    /// <summary>A list of routes.</summary>
    public static readonly ListKind<RouteOptions> Routes = new("routes", s_route, new RouteOptions());
}
