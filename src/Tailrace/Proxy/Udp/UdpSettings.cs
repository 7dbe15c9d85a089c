namespace Tailrace.Proxy.Udp;

/// <summary>How a UDP listener treats its clients. Immutable.</summary>
internal sealed record UdpSettings
{
    /// <summary>The listener's name, in UTF-8, for the access log.</summary>
    internal ReadOnlyMemory<byte> Listener { get; init; }

    /// <summary>How long a session lasts when nothing comes from either side, in milliseconds; 0: for ever.</summary>
    internal int IdleTimeoutMs { get; init; }

    /// <summary>Bytes that the system is to hold until they are received; 0: what it gives by default.</summary>
    internal int ReceiveBuffer { get; init; }
}
