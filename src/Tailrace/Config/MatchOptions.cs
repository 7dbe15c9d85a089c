namespace Tailrace.Config;

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

    /// <summary>
    /// Methods, any one of which suffices; in upper case, as clients send them. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Method { get; init; } = [];

    /// <summary>Header fields, all of which have to be as described. Default: <c>[]</c>.</summary>
    public IReadOnlyList<ValueMatchOptions> Header { get; init; } = [];

    /// <summary>Parameters of the query, all of which have to be as described. Default: <c>[]</c>.</summary>
    public IReadOnlyList<ValueMatchOptions> Query { get; init; } = [];

    /// <summary>
    /// Ranges of addresses, <c>10.0.0.0/8</c>, one of which the client's connection has to come from; see
    /// <see cref="AddressRange"/>. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Source { get; init; } = [];

    /// <summary>Whether more than host and path is asked for.</summary>
    internal bool HasConditions => Method.Count + Header.Count + Query.Count + Source.Count > 0;
}

/// <summary>What a header field or a parameter of the query has to be; with a name alone, that it is there.</summary>
public sealed record ValueMatchOptions
{
    /// <summary>The name. Required.</summary>
    public string Name { get; init; } = "";

    /// <summary>The whole value, byte for byte. Default: <c>""</c>.</summary>
    public string Value { get; init; } = "";

    /// <summary>What the value begins with. Default: <c>""</c>.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>
    /// A regular expression that occurs in the value; in the syntax of .NET, without what needs backtracking.
    /// Default: <c>""</c>.
    /// </summary>
    public string Pattern { get; init; } = "";

    /// <summary>Whether it must not be there at all. Default: <c>false</c>.</summary>
    public bool Absent { get; init; }

    /// <summary>Just the name: that it is there.</summary>
    public static implicit operator ValueMatchOptions(string name) => new() { Name = name };
}
