using System.Net;
using System.Net.Sockets;

namespace Tailrace.Conformance.Support;

/// <summary>Addresses where nobody is.</summary>
internal static class Silence
{
    /// <summary>They hold the ports as long as the process runs: others must not get them.</summary>
    private static readonly Socket[] s_bound = [.. Enumerable.Range(0, 16).Select(_ => Bind())];

    /// <summary>The same for datagrams. Each hears somebody who says nothing: the system refuses all others.</summary>
    private static readonly Socket[] s_deaf = [.. Enumerable.Range(0, 4).Select(_ => BindDeaf())];

    private static int s_next;

    /// <summary>Takes the ports, so that tests which count descriptors find as many as before.</summary>
    internal static void Prepare() => _ = (s_bound, s_deaf);

    /// <summary>A port where connects are refused: it is taken, and nobody listens. Another each time.</summary>
    internal static int UnusedPort()
    {
        var socket = s_bound[(uint)Interlocked.Increment(ref s_next) % s_bound.Length];
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>A port where datagrams are refused. Nobody else gets it, not even who sends there.</summary>
    internal static int UnusedDatagramPort()
    {
        var socket = s_deaf[(uint)Interlocked.Increment(ref s_next) % s_deaf.Length];
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static Socket BindDeaf()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Connect(new IPEndPoint(IPAddress.Loopback, 9));
        return socket;
    }

    private static Socket Bind()
    {
        var socket = FullListener.Open();
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}

/// <summary>A listener whose queue is full: Linux drops what else wants to connect.</summary>
internal sealed class FullListener : IDisposable
{
    private readonly Socket _listener = Open();
    private readonly List<Socket> _queued = [];

    internal FullListener()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);
        for (var isFull = false; !isFull;)
        {
            var socket = Open();
            socket.Blocking = false;
            _queued.Add(socket);
            try
            {
                socket.Connect(Address);
            }
            catch (SocketException)
            {
                isFull = !socket.Poll(100_000, SelectMode.SelectWrite);
            }
        }
    }

    internal IPEndPoint Address => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>A socket that is not bound yet.</summary>
    internal static Socket Open() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Makes room, and accepts who has waited for it: the system asks again after a second.</summary>
    internal Socket Accept()
    {
        // It is not in the queue yet, and would come first.
        _queued[^1].Dispose();
        for (var i = 1; i < _queued.Count; i++) _listener.Accept().Dispose();
        Assert.True(_listener.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead), "nobody comes when there is room");
        return _listener.Accept();
    }

    public void Dispose()
    {
        foreach (var socket in _queued) socket.Dispose();
        _listener.Dispose();
    }
}

/// <summary>A Unix socket whose queue is full: a connect to it is to be tried again (EAGAIN).</summary>
internal sealed class FullUnixListener : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly Socket _listener = Open();
    private readonly Socket _queued = Open();

    internal FullUnixListener()
    {
        var path = new UnixDomainSocketEndPoint(Path.Combine(_folder.FullName, "full"));
        _listener.Bind(path);
        // One may wait to be accepted.
        _listener.Listen(0);
        _queued.Connect(path);
        Address = $"unix:{path}";
    }

    /// <summary>The address as destinations have it.</summary>
    internal string Address { get; }

    public void Dispose()
    {
        _queued.Dispose();
        _listener.Dispose();
        _folder.Delete(recursive: true);
    }

    private static Socket Open() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
