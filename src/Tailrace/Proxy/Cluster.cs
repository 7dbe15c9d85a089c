using System.Net;
using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>A named group of destinations as one worker sees it. Mutable state of one reactor.</summary>
public sealed class Cluster
{
    private readonly Destination[] _destinations;

    /// <summary>Creates the worker's part of a cluster.</summary>
    public Cluster(Reactor reactor, ClusterSettings settings, Destination[] destinations)
    {
        Reactor = reactor;
        Settings = settings;
        _destinations = destinations;
        Pool = new UpstreamPool(reactor, settings, destinations);
    }

    /// <summary>How its upstreams are treated.</summary>
    public ClusterSettings Settings { get; }

    /// <summary>
    /// Told of requests that failed because of the cluster: the destination, or null, and the reason.
    /// </summary>
    public Action<Destination?, string>? Failed { get; set; }

    internal Reactor Reactor { get; }

    internal UpstreamPool Pool { get; }

    internal Destination[] Destinations => _destinations;

    /// <summary>Takes over newly resolved addresses. On the reactor's thread.</summary>
    /// <param name="index">Which destination.</param>
    /// <param name="addresses">Its addresses.</param>
    public void SetAddresses(int index, SocketAddress[] addresses)
    {
        _destinations[index].Addresses = addresses;
        Pool.CloseStale(_destinations[index]);
    }

    /// <summary>
    /// Closes what is idle; leased connections close when they are given back. On the reactor's thread.
    /// </summary>
    public void Drain() => Pool.Drain();
}
