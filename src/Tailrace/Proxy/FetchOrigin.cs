using System.Net;
using System.Net.Sockets;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>One origin as the fetches of one reactor see it: a cluster of one destination.</summary>
/// <remarks>
/// Used on its reactor's thread only. Names are looked up on the resolver's threads; the result comes through the
/// mailbox.
/// </remarks>
internal sealed class FetchOrigin
{
    /// <summary>How long found addresses are good for. A failed look-up then keeps the ones there are.</summary>
    private const int AddressesMs = 30_000;

    private readonly Reactor _reactor;
    private readonly Cluster _cluster;
    private readonly Destination _destination;
    private readonly EgressPolicy? _policy;
    private readonly Resolver _resolver;
    private readonly string _host;
    private readonly int _port;
    private Task<IPAddress[]>? _lookup;
    private long _lookupAt;

    internal FetchOrigin(
        Reactor reactor, ClusterSettings settings, FetchUrl url, EgressPolicy? policy, RequestEdits edits,
        Resolver resolver)
    {
        _reactor = reactor;
        _policy = policy;
        _resolver = resolver;
        _host = url.Host;
        _port = url.Port;
        _lookupAt = url.Ip is null ? 0 : long.MaxValue;
        _destination = new Destination(url.Authority, 1, url.Ip is { } ip ? Serialize(Judge([ip])) : []);
        _cluster = new Cluster(reactor, settings, [_destination]);
        Forwarder = new ForwardHandler(_cluster, edits, new ResponseEdits());
    }

    /// <summary>Host and port.</summary>
    internal ReadOnlyMemory<byte> Authority => _destination.NameBytes;

    /// <summary>Relays answers.</summary>
    internal ForwardHandler Forwarder { get; }

    internal UpstreamPool Pool => _cluster.Pool;

    /// <summary>The one destination of its cluster.</summary>
    internal Destination Destination => _destination;

    /// <summary>Whether it has addresses, and none that the policy allows.</summary>
    internal bool IsForbidden { get; private set; }

    internal ClusterSettings Settings => _cluster.Settings;

    /// <summary>When it was last asked for, in the loop's time.</summary>
    internal long UsedAt { get; set; }

    /// <summary>Closes what is idle; leased connections close when they are given back.</summary>
    internal void Drain() => _cluster.Drain();

    /// <summary>Looks the name up if that is due. Fetches that wait for the same name share a look-up.</summary>
    /// <param name="client">Whose request it is for; the default: nobody's whose look-ups are bounded.</param>
    internal async LoopTask<FetchError> ResolveAsync(NetAddress client = default)
    {
        if (_reactor.Loop.Now < _lookupAt) return FetchError.None;
        var lookup = _lookup ??= TryLookUp(client);
        var error = lookup is null ? FetchError.LimitReached : FetchError.None;
        try
        {
            var found = lookup is null ? null : await lookup;
            if (found is not null && _lookup == lookup) _cluster.SetAddresses(0, Serialize(Judge(found)));
        }
        catch (TimeoutException)
        {
            error = FetchError.TimedOut;
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            error = FetchError.NameNotFound;
        }
        if (_lookup == lookup) _lookup = null;
        if (_destination.Addresses.Length == 0) return error == FetchError.None ? FetchError.NameNotFound : error;
        _lookupAt = _reactor.Loop.Now + AddressesMs;
        return FetchError.None;
    }

    private Task<IPAddress[]>? TryLookUp(NetAddress client)
    {
        var timeoutMs = Settings.ConnectTimeoutMs > 0 ? Settings.ConnectTimeoutMs : Timeout.Infinite;
        return _resolver.TryLookUp(_host, client, timeoutMs)?.WaitAsync(TimeSpan.FromMilliseconds(timeoutMs));
    }

    /// <summary>Leases a connection: an idle one unless it has to be new, else one to any of the addresses.</summary>
    internal async LoopTask<OpenResult> LeaseAsync(bool wantsFresh)
    {
        if (!wantsFresh && Pool.TryRent(_destination) is { } idle) return new OpenResult(idle, IoError.None);
        // ENOBUFS, as it were: a limit of this side.
        if (!Pool.MayConnect(_destination)) return new OpenResult(null, IoError.NoBuffers);
        return await Pool.OpenAsync(_destination);
    }

    private IPAddress[] Judge(IPAddress[] addresses)
    {
        if (_policy is null) return addresses;
        var allowed = _policy.Allowed(addresses);
        IsForbidden = addresses.Length > 0 && allowed.Length == 0;
        return allowed;
    }

    private SocketAddress[] Serialize(IPAddress[] addresses) =>
        Array.ConvertAll(addresses, address => new IPEndPoint(address, _port).Serialize());
}
