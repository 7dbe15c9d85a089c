namespace Tailrace.Proxy.Tcp;

/// <summary>How a TCP listener treats its connections. Immutable.</summary>
internal sealed record TcpSettings
{
    /// <summary>The listener's name, in UTF-8, for the access log.</summary>
    internal ReadOnlyMemory<byte> Listener { get; init; }

    /// <summary>How long a connection may stay open.</summary>
    internal TunnelLimits Limits { get; init; }

    /// <summary>How long a client may take for its ClientHello, in milliseconds, where routes depend on it.</summary>
    internal int HelloTimeoutMs { get; init; } = 3_000;

    /// <summary>
    /// How long it may take to say what it speaks, where that is not known: no longer than it may live.
    /// </summary>
    internal int KindTimeoutMs => Limits.LifetimeMs > 0 && (HelloTimeoutMs == 0 || Limits.LifetimeMs < HelloTimeoutMs)
        ? Limits.LifetimeMs
        : HelloTimeoutMs;
}
