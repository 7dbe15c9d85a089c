namespace Tailrace.Config;

/// <summary>How a listener takes the PROXY header that another proxy sends in front of a connection.</summary>
/// <remarks>
/// Versions 1 and 2 of HAProxy's PROXY protocol. The address in it is what logs, rules and origins see.
/// </remarks>
public sealed record ProxyProtocolOptions
{
    /// <summary>Whether a header is expected. Default: <c>off</c>.</summary>
    public ProxyProtocolMode Accept { get; init; } = ProxyProtocolMode.Off;

    /// <summary>
    /// The addresses that may send one, as ranges such as <c>10.0.0.0/8</c>, and <c>unix</c> for the clients of Unix
    /// sockets; empty: everybody, which only <see cref="ProxyProtocolMode.Required"/> allows. Default: <c>[]</c>.
    /// </summary>
    public IReadOnlyList<string> Trusted { get; init; } = [];

    /// <summary>From the accept until the header is complete. Default: <c>5s</c>.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>Whether a PROXY header is expected.</summary>
public enum ProxyProtocolMode
{
    /// <summary>No: such bytes are the client's own.</summary>
    Off,

    /// <summary>Yes: a connection without one is closed.</summary>
    Required,

    /// <summary>From those that are trusted it may come; whoever else sends one sends bytes of their own.</summary>
    Optional,
}

/// <summary>Which PROXY header is sent to destinations.</summary>
public enum ProxyProtocolVersion
{
    /// <summary>None.</summary>
    Off,

    /// <summary>Version 1, a line of text.</summary>
    V1,

    /// <summary>Version 2, binary; it passes on what came in the client's own header besides addresses.</summary>
    V2,
}
