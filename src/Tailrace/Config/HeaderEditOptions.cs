namespace Tailrace.Config;

/// <summary>How the headers of a message are changed on its way.</summary>
/// <remarks>
/// Values may hold variables: <c>${client_ip}</c>, <c>${host}</c>, <c>${method}</c>, <c>${path}</c>, <c>${query}</c>,
/// <c>${upstream}</c>; <c>$${</c> stands for <c>${</c>. What frames messages or ends at this hop cannot be changed.
/// </remarks>
public sealed record HeaderEditOptions
{
    /// <summary>Headers that replace all that came by their names. Default: <c>{}</c>.</summary>
    public IReadOnlyList<HeaderOptions> Set { get; init; } = [];

    /// <summary>Headers that are added to what came by their names. Default: <c>{}</c>.</summary>
    public IReadOnlyList<HeaderOptions> Add { get; init; } = [];

    /// <summary>Names of headers that are left out. Default: <c>[]</c>.</summary>
    public IReadOnlyList<string> Remove { get; init; } = [];
}

/// <summary>A header: one line.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, with variables.</param>
public sealed record HeaderOptions(string Name, string Value);
