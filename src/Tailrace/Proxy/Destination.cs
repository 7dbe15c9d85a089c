using System.Net;
using System.Runtime.CompilerServices;
using Tailrace.Telemetry;

namespace Tailrace.Proxy;

/// <summary>One address of a cluster as one worker sees it: where it is, how busy, and its idle connections.</summary>
/// <remarks>Mutable state of one reactor. New addresses arrive by posting to the reactor.</remarks>
public sealed class Destination
{
    /// <summary>What a weight of 1 is worth as a share, so that a slow start has steps.</summary>
    internal const int ShareOfWeight = 100;

    /// <summary>Creates a destination.</summary>
    /// <param name="name">Host and port, for logs.</param>
    /// <param name="weight">Its share of the requests, relative to the others.</param>
    /// <param name="addresses">Where it is; empty until its name has been resolved.</param>
    /// <param name="priority">Its rank: the lowest that is healthy gets the requests.</param>
    public Destination(string name, int weight, SocketAddress[] addresses, int priority = 0)
    {
        Name = name;
        NameText = System.Text.Encoding.ASCII.GetBytes(name);
        NameBytes = NameText;
        Weight = weight;
        Priority = priority;
        Share = weight * ShareOfWeight;
        Addresses = addresses;
    }

    /// <summary>Host and port, for logs.</summary>
    public string Name { get; }

    /// <summary>The name in ASCII.</summary>
    public ReadOnlyMemory<byte> NameBytes { get; }

    /// <summary>The same as it is.</summary>
    internal byte[] NameText { get; }

    /// <summary>Its share of the requests, as it was written.</summary>
    public int Weight { get; private set; }

    /// <summary>Its rank: the lowest that is healthy gets the requests.</summary>
    public int Priority { get; private set; }

    /// <summary>Requests that are in flight from this worker.</summary>
    public int Active { get; internal set; }

    /// <summary>Requests that it was chosen for.</summary>
    public long Requests { get; internal set; }

    /// <summary>Those that failed because of it.</summary>
    public long Failures { get; internal set; }

    /// <summary>Whether its active checks are good, or it has none.</summary>
    public bool IsChecked { get; internal set; } = true;

    /// <summary>Whether it is left out because of what happened to requests.</summary>
    public bool IsEjected { get; internal set; }

    /// <summary>What became of the connections that were forwarded to it as they are.</summary>
    internal TcpCounters Tcp;

    /// <summary>Which of the configuration's services it is a place of; -1 when it was written itself.</summary>
    internal int Service { get; init; } = -1;

    /// <summary>Whether it is in its cluster no more: what it has under way ends, and nothing is kept.</summary>
    internal bool IsRemoved { get; set; }

    /// <summary>Its number in the cluster, for as long as it is there.</summary>
    internal int Index { get; set; } = -1;

    /// <summary>Its share of the requests now: the weight, or less during a slow start.</summary>
    internal int Share { get; set; }

    /// <summary>The state of <see cref="Balancing.RoundRobin"/>.</summary>
    internal long Credit { get; set; }

    /// <summary>Whether it is to get requests, by all that is known of it.</summary>
    internal bool IsHealthy => IsChecked && !IsEjected;

    /// <summary>What happened to its requests.</summary>
    internal HealthRecord Record { get; } = new();

    /// <summary>Whether it may be chosen, as far as its health goes.</summary>
    internal bool IsCandidate { get; set; }

    /// <summary>Whether it has all that it may have: requests or connections.</summary>
    internal bool IsFull
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Caps is { } caps && caps.IsMet(this);
    }

    /// <summary>How much it may have; null for no limit.</summary>
    internal Caps? Caps { get; set; }

    /// <summary>Connections that are open or being opened.</summary>
    internal int ConnectionCount { get; set; }

    /// <summary>Until when it gets no new session of datagrams, in the loop's milliseconds: it was not there.</summary>
    internal long ShunnedUntil { get; set; }

    /// <summary>Connections that wait for a request.</summary>
    internal IdleStack Idle { get; } = new();

    /// <summary>The datagrams that were exchanged with it.</summary>
    internal UdpTraffic Datagrams;

    /// <summary>Where it is, as last resolved.</summary>
    internal SocketAddress[] Addresses
    {
        get => Ring.Addresses;
        set => Ring.Addresses = value;
    }

    /// <summary>The order in which they are connected to.</summary>
    internal AddressRing Ring { get; } = new();

    /// <summary>Takes over what the records of its service say now.</summary>
    internal void Set(int weight, int priority, SocketAddress[] addresses)
    {
        (Weight, Priority, Addresses) = (weight, priority, addresses);
        Share = weight * ShareOfWeight;
    }
}
