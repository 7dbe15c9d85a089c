namespace Tailrace.Config.Schema;

/// <summary>The keys that say which requests a route is for.</summary>
internal static class MatchSchema
{
    private static readonly ListKind<ValueMatchOptions> s_headers = new("headers",
        ValueMatch("header match", "The name, in any case.", "a name such as X-Canary", TextRules.FieldName),
        new ValueMatchOptions());

    private static readonly ListKind<ValueMatchOptions> s_parameters = new("parameters",
        ValueMatch("query match", "The name, decoded.", "a name such as version", TextRules.Any),
        new ValueMatchOptions());

    /// <summary>The conditions of a route.</summary>
    public static readonly SectionKind<MatchOptions> Match = new("match",
        new Field<MatchOptions, IReadOnlyList<string>>("host",
            "Host names without a port, any one of which suffices: a.example, or *.a.example for every name below it. "
            + "Left out: every host.",
            new ListKind<string>("host names",
                new TextKind("a host name or *.name", TextRules.HostPattern), "", orOne: true,
                absent: "every host"),
            o => o.Host, (o, v) => o with { Host = v }),
        new Field<MatchOptions, string>("path",
            "The whole path, without the query.",
            new TextKind("a path such as /status", TextRules.Path), o => o.Path, (o, v) => o with { Path = v }),
        new Field<MatchOptions, string>("path_prefix",
            "The first segments of the path: /api matches /api and /api/x, not /apix; /api/ matches what lies below "
            + "only. Left out, like path: every path.",
            new TextKind("a path such as /api", TextRules.Path),
            o => o.PathPrefix, (o, v) => o with { PathPrefix = v }),
        new Field<MatchOptions, IReadOnlyList<string>>("method",
            "Methods, any one of which suffices. HEAD is not meant by GET. Left out: every method.",
            new ListKind<string>("methods",
                new TextKind("a method such as GET", TextRules.Method), "", orOne: true,
                absent: "every method"),
            o => o.Method, (o, v) => o with { Method = v }),
        new Field<MatchOptions, IReadOnlyList<ValueMatchOptions>>("header",
            "Headers, all of which have to be as described; of one that is repeated, one line.",
            s_headers, o => o.Header, (o, v) => o with { Header = v }),
        new Field<MatchOptions, IReadOnlyList<ValueMatchOptions>>("query",
            "Parameters of the query, all of which have to be as described; of one that is repeated, one of them.",
            s_parameters, o => o.Query, (o, v) => o with { Query = v }),
        new Field<MatchOptions, IReadOnlyList<string>>("source",
            "Addresses and ranges, any one of which the client's connection has to come from. Left out: everywhere.",
            new ListKind<string>("ranges",
                new TextKind("a range such as 10.0.0.0/8", TextRules.Range), "", orOne: true,
                absent: "everywhere"),
            o => o.Source, (o, v) => o with { Source = v }));

    private static ShorthandKind<ValueMatchOptions> ValueMatch(
        string section, string about, string expected, Func<string, string?> rule) => new(expected, name => name,
        new SectionKind<ValueMatchOptions>(section,
            new Field<ValueMatchOptions, string>("name",
                about, new TextKind(expected, rule), o => o.Name, (o, v) => o with { Name = v }, required: true),
            new Field<ValueMatchOptions, string>("value",
                "The whole value, byte for byte. With the name alone: any value.",
                new TextKind("a value", TextRules.Any), o => o.Value, (o, v) => o with { Value = v }),
            new Field<ValueMatchOptions, string>("prefix",
                "What the value begins with.",
                new TextKind("the front of a value", TextRules.Any),
                o => o.Prefix, (o, v) => o with { Prefix = v }),
            new Field<ValueMatchOptions, string>("pattern",
                "A regular expression that occurs in the value; ^ and $ tie it to the ends.",
                new TextKind("a regular expression", TextRules.Pattern),
                o => o.Pattern, (o, v) => o with { Pattern = v }),
            new Field<ValueMatchOptions, bool>("absent",
                "Whether it must not be there at all.",
                ProcessSchema.Flag, o => o.Absent, (o, v) => o with { Absent = v })));
}
