using Tailrace.Io;

namespace Tailrace.Proxy.Udp;

/// <summary>The answers of destinations that are on their way back to clients: sent many at a time.</summary>
/// <remarks>
/// One for each reactor. Each session has a socket of its own towards its destination, so answers come one by one, but
/// they leave through the few sockets that clients send to. They wait, where they were received, for the end of the
/// turn, or until room is needed for more.
/// </remarks>
internal sealed class ReplyQueue : LoopContinuation
{
    private readonly EventLoop _loop;
    private readonly DatagramRun[] _runs = new DatagramRun[DatagramBatch.Capacity];
    private readonly UdpSession[] _sessions = new UdpSession[DatagramBatch.Capacity];
    private int _count;
    private bool _isQueued;

    /// <summary>Creates the queue of one reactor.</summary>
    internal ReplyQueue(Reactor reactor) => _loop = reactor.Loop;

    /// <summary>Whether none waits.</summary>
    internal bool IsEmpty => _count == 0;

    /// <summary>Takes what was received last; it is sent before anything else is received in its place.</summary>
    internal void Add(UdpSession session, int first, int count)
    {
        if (!_isQueued) _loop.Queue(this);
        _isQueued = true;
        _sessions[_count] = session;
        _runs[_count++] = new DatagramRun { First = first, Count = count, To = session.Client, From = session.Local };
        if (_loop.Datagrams.Free < DatagramBatch.RoomMin) SendAll();
    }

    /// <summary>The turn ends.</summary>
    internal override void Resume()
    {
        _isQueued = false;
        SendAll();
    }

    /// <summary>Sends what waits, for a session that ends. The places stay taken until the turn ends.</summary>
    internal void Flush()
    {
        for (int from = 0, to; from < _count; from = to)
        {
            var server = _sessions[from].Server;
            for (to = from + 1; to < _count && _sessions[to].Server == server;) to++;
            var runs = _runs.AsSpan(from, to - from);
            server.SendBack(runs);
            for (var i = from; i < to; i++) _sessions[i].OnSentBack(_runs[i]);
        }
        _count = 0;
    }

    private void SendAll()
    {
        Flush();
        _loop.Datagrams.Used = 0;
    }
}
