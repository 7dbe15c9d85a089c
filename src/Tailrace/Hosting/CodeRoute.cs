using Tailrace.Sessions;

namespace Tailrace.Hosting;

/// <summary>A route that is added in code.</summary>
/// <param name="Handler">What answers; one object for all workers.</param>
public sealed record CodeRoute(Handler Handler)
{
    /// <summary>The listener's name; empty for every listener.</summary>
    public string Listener { get; init; } = "";

    /// <summary>A host name, <c>*.example.com</c>, or empty for any.</summary>
    public string Host { get; init; } = "";

    /// <summary>The path; empty for any.</summary>
    public string Path { get; init; } = "";

    /// <summary>Whether the path covers what is below it.</summary>
    public bool IsPrefix { get; init; }
}
