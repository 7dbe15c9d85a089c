namespace Tailrace.Io.ProxyProtocol;

/// <summary>
/// What another proxy says of a connection before its first byte: the PROXY protocol, version 1 or 2 (HAProxy's
/// proxy-protocol.txt).
/// </summary>
/// <remarks>Immutable. It belongs to the connection that it came on.</remarks>
/// <param name="source">Who connected to that proxy; unspecified when it does not say.</param>
/// <param name="destination">What was connected to; unspecified likewise.</param>
/// <param name="extensions">The fields of version 2 behind the addresses, without checksum and padding.</param>
public sealed class ProxyHeader(NetAddress source, NetAddress destination, ReadOnlyMemory<byte> extensions)
{
    /// <summary>The header that says nothing of addresses: they are those of the connection itself.</summary>
    public static ProxyHeader Unknown { get; } = new(default, default, default);

    /// <summary>Whether there are addresses in it.</summary>
    public bool HasAddresses => Source.Family != System.Net.Sockets.AddressFamily.Unspecified;

    /// <summary>Who connected to that proxy; unspecified when it does not say.</summary>
    public NetAddress Source { get; } = source;

    /// <summary>What was connected to; unspecified likewise.</summary>
    public NetAddress Destination { get; } = destination;

    /// <summary>The fields of version 2 behind the addresses: type, two bytes of length, value, and so on.</summary>
    public ReadOnlyMemory<byte> Extensions { get; } = extensions;
}

/// <summary>Which version of the header is sent to destinations.</summary>
public enum ProxyVersion : byte
{
    /// <summary>None.</summary>
    Off,

    /// <summary>A line of text.</summary>
    V1,

    /// <summary>Binary.</summary>
    V2,
}
