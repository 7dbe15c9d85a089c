namespace Tailrace.Config.Schema;

/// <summary>The keys that say how paths change, and where redirects lead.</summary>
internal static class RewriteSchema
{
    /// <summary>A rewrite of the path.</summary>
    public static readonly SectionKind<RewriteOptions> Rewrite = new("rewrite",
        new Field<RewriteOptions, string>("strip_prefix",
            "Segments that are taken off the front of the path: of /api/x, /api leaves /x. A path that does not begin "
            + "with them keeps its front.",
            new TextKind("a path such as /api", TextRules.Path),
            o => o.StripPrefix, (o, v) => o with { StripPrefix = v }),
        new Field<RewriteOptions, string>("add_prefix",
            "Segments that are put in front, after the others were taken off.",
            new TextKind("a path such as /v2", TextRules.Path),
            o => o.AddPrefix, (o, v) => o with { AddPrefix = v }),
        new Field<RewriteOptions, string>("path",
            "The path that replaces every other, instead of prefixes.",
            new TextKind("a path such as /index.html", TextRules.Path),
            o => o.Path, (o, v) => o with { Path = v }),
        new Field<RewriteOptions, string>("pattern",
            "A regular expression of which every match in the path is replaced; ^ and $ tie it to the ends.",
            new TextKind("a regular expression", TextRules.Pattern),
            o => o.Pattern, (o, v) => o with { Pattern = v }),
        new Field<RewriteOptions, string>("replacement",
            "What stands for a match of the pattern: $1 and ${name} are groups, $0 the match, $$ a dollar sign.",
            new TextKind("a text such as /users/$1", TextRules.Replacement),
            o => o.Replacement, (o, v) => o with { Replacement = v }),
        new Field<RewriteOptions, TimeSpan>("time_limit",
            "How long the pattern may take, else 500.",
            new DurationKind(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10)),
            o => o.TimeLimit, (o, v) => o with { TimeLimit = v }));

    /// <summary>A redirect.</summary>
    public static readonly SectionKind<RedirectOptions> Redirect = new("redirect",
        new Field<RedirectOptions, int>("status",
            "The status: 307 and 308 keep the method, 301 and 308 are remembered by browsers.",
            new StatusKind(301, 302, 303, 307, 308), o => o.Status, (o, v) => o with { Status = v }),
        new Field<RedirectOptions, RedirectScheme>("scheme",
            "The scheme; keep: that of the request.",
            new ChoiceKind<RedirectScheme>(
                ("keep", RedirectScheme.Keep), ("http", RedirectScheme.Http), ("https", RedirectScheme.Https)),
            o => o.Scheme, (o, v) => o with { Scheme = v }),
        new Field<RedirectOptions, string>("host",
            "The host, without a port; left out: that of the request.",
            new TextKind("a host name or an address", TextRules.RedirectHost),
            o => o.Host, (o, v) => o with { Host = v }),
        new Field<RedirectOptions, int>("port",
            "The port; 0: that of the request, or the scheme's own where scheme or host is another.",
            new NumberKind<int>(0, 65535), o => o.Port, (o, v) => o with { Port = v }),
        new Field<RedirectOptions, bool>("keep_query",
            "Whether the query goes along.",
            ProcessSchema.Flag, o => o.KeepQuery, (o, v) => o with { KeepQuery = v }));
}
