using System.Net;

namespace Tailrace.Proxy;

/// <summary>One address of a cluster as one worker sees it: where it is, how busy, and its idle connections.</summary>
/// <remarks>Mutable state of one reactor. New addresses arrive by posting to the reactor.</remarks>
public sealed class Destination
{
    private int _next;

    /// <summary>Creates a destination.</summary>
    /// <param name="name">Host and port, for logs.</param>
    /// <param name="weight">Its share of the requests, relative to the others.</param>
    /// <param name="addresses">Where it is; empty until its name has been resolved.</param>
    public Destination(string name, int weight, SocketAddress[] addresses)
    {
        Name = name;
        NameBytes = System.Text.Encoding.ASCII.GetBytes(name);
        Weight = weight;
        Addresses = addresses;
    }

    /// <summary>Host and port, for logs.</summary>
    public string Name { get; }

    /// <summary>The name in ASCII.</summary>
    public ReadOnlyMemory<byte> NameBytes { get; }

    /// <summary>Its share of the requests.</summary>
    public int Weight { get; }

    /// <summary>The balancing policy's own state.</summary>
    internal int Credit { get; set; }

    /// <summary>Connections that are open or being opened.</summary>
    internal int ConnectionCount { get; set; }

    /// <summary>Connections that wait for a request.</summary>
    internal IdleStack Idle { get; } = new();

    /// <summary>Where it is, as last resolved.</summary>
    internal SocketAddress[] Addresses { get; set; }

    /// <summary>The address to connect to next: its addresses in turn.</summary>
    internal SocketAddress? NextAddress()
    {
        var addresses = Addresses;
        if (addresses.Length == 0) return null;
        if (_next >= addresses.Length) _next = 0;
        return addresses[_next++];
    }
}
