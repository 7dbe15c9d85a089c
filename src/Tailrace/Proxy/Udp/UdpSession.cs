using System.Diagnostics;
using System.Net;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Proxy.Udp;

/// <summary>One client and its destination: what comes from one address and port goes to another, and back.</summary>
/// <remarks>
/// It has a socket of its own towards the destination, connected to it: so answers are told apart, and the system says
/// when nobody listens there. Runs on its server's reactor, and is used again for another client when it has ended.
/// </remarks>
internal sealed class UdpSession : TimerEntry
{
    /// <summary>Batches that are received in a row before others get their turn.</summary>
    private const int BatchesMax = 4;

    private readonly IoOperation _receive = new();
    private IoHandle? _upstream;
    private Cluster _cluster = null!;
    private SocketAddress _address = null!;
    private UdpTraffic _traffic;
    private long _startedAt;
    private long _openedMs;

    /// <summary>The table's chain.</summary>
    internal UdpSession? NextInChain;

    /// <summary>The server's list of open sessions.</summary>
    internal UdpSession? NextOpen;

    /// <summary>The server's list of open sessions.</summary>
    internal UdpSession? PreviousOpen;

    /// <summary>Its place among the sessions of its source.</summary>
    internal SourceTicket Ticket;

    /// <summary>Datagrams of the batch that is being sorted that are this session's.</summary>
    internal int Pending;

    /// <summary>Where the next of them goes in the order.</summary>
    internal int Place;

    internal UdpSession(UdpServer server) => Server = server;

    internal UdpServer Server { get; }

    /// <summary>Who it is for, as the system writes it.</summary>
    internal DatagramAddress Client { get; private set; }

    /// <summary>The own address that the client sends to, where there are several.</summary>
    internal NetAddress Local { get; private set; }

    /// <summary>Where it goes.</summary>
    internal Destination Destination { get; private set; } = null!;

    private EventLoop Loop => Server.Reactor.Loop;

    /// <summary>Begins with a client and a socket that is connected to its destination.</summary>
    internal void Open(
        in DatagramAddress client, in NetAddress local, Cluster cluster, Destination destination, SocketAddress address,
        IoHandle upstream)
    {
        Client = client;
        Local = local;
        _cluster = cluster;
        Destination = destination;
        _address = address;
        _upstream = upstream;
        _traffic = default;
        _openedMs = Loop.Now;
        _startedAt = Server.AccessLog is null ? 0 : Stopwatch.GetTimestamp();
        Touch();
        ReceiveAsync().Detach();
    }

    /// <summary>Sends a piece of the batch to the destination.</summary>
    internal void Send(int first, int count)
    {
        Touch();
        var run = new DatagramRun { First = first, Count = count };
        Loop.SendDatagrams(_upstream!, new Span<DatagramRun>(ref run));
        CountUp(run);
        if (run.Error != IoError.None) Fail(run.Error);
    }

    private void CountUp(in DatagramRun run)
    {
        _traffic.Up += run.Sent;
        _traffic.BytesUp += run.Bytes;
        Destination.Datagrams.Up += run.Sent;
        Destination.Datagrams.BytesUp += run.Bytes;
        Server.CountUp(run);
    }

    /// <summary>Answers have been sent to the client.</summary>
    internal void OnSentBack(in DatagramRun run)
    {
        _traffic.Down += run.Sent;
        _traffic.BytesDown += run.Bytes;
        Destination.Datagrams.Down += run.Sent;
        Destination.Datagrams.BytesDown += run.Bytes;
        Server.CountDown(run);
    }

    /// <summary>Sets the deadline anew: something has come, or the server's mind has changed.</summary>
    internal void Touch()
    {
        var idleMs = Server.IdleTimeoutMs;
        if (idleMs > 0) Loop.Timers.Set(this, Loop.Now + idleMs);
    }

    /// <summary>Nothing came for too long.</summary>
    protected internal override void OnDeadline()
    {
        // Not every protocol has answers; of one that has none, silence is what is good about an address.
        if (_openedMs >= 0) Destination.Ring.Reached(_address);
        End(UdpEnd.Idle);
    }

    /// <summary>Ends it. What was received for the client is sent first.</summary>
    internal void End(UdpEnd end)
    {
        if (_upstream is not { } upstream) return;
        Server.Replies.Flush();
        _upstream = null;
        Loop.Timers.Remove(this);
        CountUp(Loop.TakeDropped(upstream));
        Loop.Close(upstream);
        _cluster.Pool.EndSession(Destination);
        if (Server.AccessLog is { } log) Record(log, end);
        Server.Remove(this, end);
    }

    private async LoopTask ReceiveAsync()
    {
        // Nothing is received in the middle of the batch that the session is opened for.
        await Loop.YieldAsync();
        for (var batches = 1; _upstream is { } upstream; batches++)
        {
            var receive = Loop.ReceiveDatagramsAsync(upstream, _receive);
            if (!receive.IsCompleted) batches = 0;
            var received = await receive;
            if (_upstream is null) break;
            if (received.IsError) Fail(received.Error);
            else Take(received.Bytes);
            if (batches == BatchesMax)
            {
                batches = 0;
                await Loop.YieldAsync();
            }
        }
        Server.FreeSessions.Return(this);
    }

    private void Take(int count)
    {
        Touch();
        // That it answers at all is what is good about a destination; how long later answers take is their affair.
        if (_openedMs >= 0)
        {
            Destination.Ring.Reached(_address);
            _cluster.Record(Destination, isFailure: false, Loop.Now - _openedMs);
        }
        _openedMs = -1;
        Server.Replies.Add(this, Loop.Datagrams.Used - count, count);
    }

    /// <summary>Nobody listens at the destination, or there is no way to it.</summary>
    private void Fail(IoError error)
    {
        if (Lessor.IsFault(error))
        {
            Destination.Ring.Failed(_address, Loop.Now);
            Server.Shun(_cluster, Destination, error);
        }
        End(UdpEnd.Unreachable);
    }

    private void Record(AccessLogWriter log, UdpEnd end)
    {
        Span<byte> client = stackalloc byte[NetAddress.TextLengthMax];
        var duration = Stopwatch.GetElapsedTime(_startedAt);
        log.TryWrite(new AccessEntry
        {
            UnixMilliseconds = Loop.UnixMilliseconds - (long)duration.TotalMilliseconds,
            DurationMicroseconds = (long)duration.TotalMicroseconds,
            BytesSent = _traffic.BytesDown,
            BytesReceived = _traffic.BytesUp,
            DatagramsSent = _traffic.Down,
            DatagramsReceived = _traffic.Up,
            Client = client[..Client.Address.Format(client)],
            Protocol = "UDP"u8,
            Upstream = Destination.NameBytes.Span,
            End = end switch
            {
                UdpEnd.Idle => "idle"u8,
                UdpEnd.Unreachable => "unreachable"u8,
                _ => "stopped"u8,
            },
            Listener = Server.Settings.Listener.Span,
        });
    }
}

/// <summary>Why a session ended.</summary>
internal enum UdpEnd : byte
{
    /// <summary>Nothing came from either side for too long.</summary>
    Idle,

    /// <summary>The destination could not be reached.</summary>
    Unreachable,

    /// <summary>The process stops.</summary>
    Stopped,
}
