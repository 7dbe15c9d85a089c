using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tailrace.Chaos.Tcp;

/// <summary>A destination: each connection to it gets a peer. It is killed and comes back.</summary>
internal sealed class TcpOrigin(Place place, int seed, Meetings meetings)
{
    private readonly Random _random = new(seed);
    private readonly ConcurrentDictionary<Peer, Task> _peers = [];
    private Socket? _listener;

    /// <summary>Where it listens.</summary>
    internal IPEndPoint Address { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>Completes when nobody is connected any more.</summary>
    internal Task Quiet => Task.WhenAll(_peers.Values);

    /// <summary>Listens, on the same port as before.</summary>
    internal void Start()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(Address);
        listener.Listen(512);
        Address = (IPEndPoint)listener.LocalEndPoint!;
        _listener = listener;
        _ = AcceptAsync(listener, new Random(_random.Next()));
    }

    /// <summary>Listens no more.</summary>
    internal void Stop() => _listener?.Dispose();

    /// <summary>Is killed and started again until the time has come; sometimes it only refuses for a while.</summary>
    internal async Task LiveAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await Task.Delay(_random.Next(4_000) + 500, CancellationToken.None);
            Stop();
            if (_random.Next(3) > 0)
            {
                meetings.Tally.Count("origins killed");
                foreach (var peer in _peers.Keys) peer.Reset();
            }
            await Task.Delay(_random.Next(1_000), CancellationToken.None);
            Start();
        }
    }

    private async Task AcceptAsync(Socket listener, Random random)
    {
        while (true)
        {
            try
            {
                var peer = new Peer(await listener.AcceptAsync(), place, meetings, new Random(random.Next()));
                _peers[peer] = ServeAsync(peer);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Peer peer)
    {
        // Only then is it known.
        await Task.Yield();
        await peer.RunAsync();
        _peers.TryRemove(peer, out _);
    }
}
