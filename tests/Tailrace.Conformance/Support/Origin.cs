using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tailrace.Conformance.Support;

/// <summary>A scripted origin: every connection is served by a script on a thread of its own.</summary>
/// <remarks>
/// Scripts may end by an <see cref="IOException"/>, as connections do; any other exception fails the test.
/// </remarks>
internal sealed class Origin : IDisposable
{
    private readonly Socket _listener;
    private readonly Action<Wire> _serve;
    private readonly Thread _acceptor;
    private readonly ConcurrentBag<(Thread Thread, Wire Wire)> _connections = [];
    private readonly ConcurrentQueue<Exception> _failures = [];
    private int _accepts;

    internal Origin(Action<Wire> serve, IPAddress? address = null)
        : this(serve, 0, address)
    {
    }

    internal Origin(Action<Wire> serve, int port, IPAddress? address = null)
    {
        _serve = serve;
        address ??= IPAddress.Loopback;
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(address, port));
        _listener.Listen(128);
        Address = (IPEndPoint)_listener.LocalEndPoint!;
        _acceptor = new Thread(Accept) { IsBackground = true, Name = "origin" };
        _acceptor.Start();
    }

    /// <summary>Where it listens.</summary>
    internal IPEndPoint Address { get; }

    /// <summary>Connections accepted so far.</summary>
    internal int Accepts => Volatile.Read(ref _accepts);

    /// <summary>The requests that <see cref="Answering"/> scripts have read whole.</summary>
    internal ConcurrentQueue<Message> Requests { get; } = [];

    /// <summary>The one request it got.</summary>
    internal Message Request => Assert.Single(Requests);

    /// <summary>An origin that answers every request on kept connections.</summary>
    internal static Origin Answering(Func<Message, string> answer, IPAddress? address = null)
    {
        Origin origin = null!;
        origin = new Origin(wire =>
        {
            while (wire.HasMore())
            {
                var request = wire.ReadRequest();
                origin.Requests.Enqueue(request);
                wire.Send(answer(request));
                if (request.IsLast) return;
            }
        }, address);
        return origin;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _acceptor.Join();
        foreach (var (thread, wire) in _connections)
        {
            wire.Dispose();
            thread.Join();
        }
    }

    /// <summary>Fails when a script did.</summary>
    internal void Check() => Assert.Empty(_failures);

    private void Accept()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
            var wire = new Wire(socket);
            Interlocked.Increment(ref _accepts);
            var thread = new Thread(() => Serve(wire)) { IsBackground = true };
            _connections.Add((thread, wire));
            thread.Start();
        }
    }

    private void Serve(Wire wire)
    {
        try
        {
            using (wire) _serve(wire);
        }
        catch (IOException)
        {
            // The proxy gave the connection up.
        }
        catch (Exception e)
        {
            _failures.Enqueue(e);
        }
    }
}
