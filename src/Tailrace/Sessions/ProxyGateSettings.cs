using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>How a listener takes PROXY headers. Immutable.</summary>
internal sealed record ProxyGateSettings
{
    /// <summary>Whether a connection without one is closed.</summary>
    internal bool IsRequired { get; init; }

    /// <summary>Who may send one; null: everybody.</summary>
    internal AddressSet? Trusted { get; init; }

    /// <summary>How many connections of one address may wait for theirs, over all workers; null: any number.</summary>
    internal ConnectionLimits? Waiting { get; init; }

    /// <summary>How long its sender may take.</summary>
    internal int TimeoutMs { get; init; } = 5_000;
}
