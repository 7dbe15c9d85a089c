using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Io;
using Tailrace.Io.ProxyProtocol;

namespace Tailrace.Simulation.Scenarios.Tcp;

/// <summary>All clients, and what serves them at the origins.</summary>
internal sealed class TcpCrowd
{
    private const string Request = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
    private const string Announcement = "PROXY TCP4 192.0.2.7 198.51.100.1 1111 443\r\n";

    private readonly SimWorld _world;
    private readonly bool _announces;
    private readonly ProxyProtocolVersion _expects;
    private readonly int _clientsListen;
    private readonly int _originsListen;
    private int _ids;
    private int _running;

    /// <summary>Draws who listens first.</summary>
    /// <param name="world">The world.</param>
    /// <param name="mayReset">Whether clients and origins may end by a reset.</param>
    /// <param name="announces">Whether clients begin with a PROXY header.</param>
    /// <param name="expects">The PROXY header that comes to origins.</param>
    internal TcpCrowd(SimWorld world, bool mayReset, bool announces, ProxyProtocolVersion expects)
    {
        (_world, MayReset, _announces, _expects) = (world, mayReset, announces, expects);
        // Were both to wait for the other's end, nothing would ever move.
        if (world.Random.Chance(500)) _clientsListen = 400;
        else _originsListen = 400;
    }

    /// <summary>Whether clients and origins may end by a reset.</summary>
    internal bool MayReset { get; }

    /// <summary>Whether all have ended.</summary>
    internal bool AreDone => _running == 0;

    /// <summary>Clients that spoke HTTP.</summary>
    internal int Askers { get; private set; }

    /// <summary>Bytes that were taken from clients, without their headers.</summary>
    internal long WrittenByClients { get; private set; }

    /// <summary>Bytes that were taken from origins.</summary>
    internal long WrittenByOrigins { get; private set; }

    /// <summary>For the message of a failure.</summary>
    public override string ToString() => $"{_running} peers are still there";

    /// <summary>A client.</summary>
    internal async LoopTask ConnectAsync(Reactor reactor, EndPoint target)
    {
        _running++;
        var connection = SocketConnection.Rent(reactor);
        connection.SetTimeout(60_000);
        var connected = await connection.ConnectAsync(target.Serialize());
        if (!connected.IsError && _announces)
        {
            var isWritten = connection.Output.TryAppend(Encoding.ASCII.GetBytes(Announcement));
            connected = isWritten ? await connection.FlushAsync() : IoResult.Failure(IoError.NoBuffers);
        }
        if (connected.IsError)
        {
            if (!_world.MayFail && !_world.IsStopping) throw new SimFailure($"a client met {connected.Error}");
            connection.Close();
        }
        else
        {
            var peer = new TcpPeer(_world, connection, ++_ids, MayReset, _world.Random.Chance(_clientsListen));
            await peer.RunAsync();
            WrittenByClients += peer.Written;
        }
        _running--;
    }

    /// <summary>A client of a mixed port that speaks HTTP, in pieces, and is answered by the proxy itself.</summary>
    internal async LoopTask AskAsync(Reactor reactor, EndPoint target)
    {
        _running++;
        Askers++;
        var connection = SocketConnection.Rent(reactor);
        connection.SetTimeout(60_000);
        var result = await connection.ConnectAsync(target.Serialize());
        var text = (_announces ? Announcement : "") + Request;
        var pause = new SimPause(reactor.Loop);
        for (var sent = 0; sent < text.Length && !result.IsError;)
        {
            var length = Math.Min(_world.Random.Between(1, 60), text.Length - sent);
            var isWritten = connection.Output.TryAppend(Encoding.ASCII.GetBytes(text, sent, length));
            result = isWritten ? await connection.FlushAsync() : IoResult.Failure(IoError.NoBuffers);
            sent += length;
            if (_world.Random.Chance(200)) await pause.For(_world.Random.Below(30) + 1);
        }
        while (!result.IsError)
        {
            result = await connection.FillAsync();
            if (result is not { IsError: false, Bytes: 0 }) continue;
            if (!connection.Input.Unread.StartsWith("HTTP/1.1 404 "u8) && !_world.MayFail && !_world.IsStopping)
                throw new SimFailure("an HTTP client was not answered");
            break;
        }
        if (result.IsError && !_world.MayFail && !_world.IsStopping) throw new SimFailure($"an HTTP client met {result.Error}");
        connection.Close();
        _running--;
    }

    /// <summary>An origin's side of a connection.</summary>
    internal async LoopTask ServeAsync(SocketConnection connection)
    {
        _running++;
        var isComplete = _expects == ProxyProtocolVersion.Off;
        connection.SetTimeout(60_000);
        while (!isComplete)
        {
            var received = await connection.FillAsync();
            if (received.IsError || received.Bytes == 0) break;
            var status = ProxyHeaderReader.Read(connection.Input.Unread, out var length, out var header);
            if (status == ProxyStatus.NeedMore) continue;
            if (status != ProxyStatus.Complete) throw new SimFailure($"a header is {status}");
            if (_announces && $"{header.Source} {header.Destination}" != "192.0.2.7:1111 198.51.100.1:443")
                throw new SimFailure($"a header says {header.Source} and {header.Destination}");
            connection.Input.Consume(length);
            isComplete = true;
        }
        if (isComplete)
        {
            var peer = new TcpPeer(_world, connection, ++_ids, MayReset, _world.Random.Chance(_originsListen));
            await peer.RunAsync();
            WrittenByOrigins += peer.Written;
        }
        else
        {
            if (!_world.MayFail && !MayReset && !_world.IsStopping) throw new SimFailure("a header is cut");
            connection.Close(reset: true);
        }
        _running--;
    }
}
