using System.Net;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Proxy.Balancing;
using Tailrace.Telemetry;

namespace Tailrace.Proxy.Udp;

/// <summary>One UDP listener on one reactor: finds each datagram's session, or opens one, and sends it on.</summary>
/// <remarks>
/// Used on its reactor's thread only. A batch is sorted by session first, so that what goes to one destination goes
/// at once; within a session the order stays.
/// </remarks>
internal sealed class UdpServer
{
    /// <summary>Batches that are received in a row before others get their turn.</summary>
    private const int BatchesMax = 4;

    /// <summary>Receives that fail in a row before there is a pause: most failures are about one datagram.</summary>
    private const int FailuresMax = 16;

    private const int PauseMs = 50;

    /// <summary>How long a destination that has refused a datagram is passed over by new sessions.</summary>
    private const int ShunMs = 1_000;

    /// <summary>The idle timeout of sessions when the process stops.</summary>
    private const int DrainIdleMs = 1_000;

    /// <summary>Of a millisecond.</summary>
    private const long Nanoseconds = 1_000_000;

    private readonly IoOperation _receive = new();
    private readonly SessionTable _table = new();
    private readonly UdpSession?[] _owners = new UdpSession?[DatagramBatch.Capacity];
    private readonly UdpSession[] _touched = new UdpSession[DatagramBatch.Capacity];
    private readonly Cluster _cluster;
    private IoHandle? _socket;
    private UdpSession? _sessions;
    private UdpCounters _counters;
    private bool _isDraining;
    private Pause? _pause;

    /// <summary>Creates the listener's part on one worker; <see cref="Start"/> begins to receive.</summary>
    /// <param name="reactor">Where its sessions live.</param>
    /// <param name="socket">The socket that clients send to.</param>
    /// <param name="settings">The listener's settings.</param>
    /// <param name="cluster">Where datagrams go.</param>
    /// <param name="replies">The reactor's way back to clients.</param>
    internal UdpServer(Reactor reactor, IoHandle socket, UdpSettings settings, Cluster cluster, ReplyQueue replies)
    {
        Reactor = reactor;
        Settings = settings;
        Replies = replies;
        IdleTimeoutMs = settings.IdleTimeoutMs;
        _socket = socket;
        _cluster = cluster;
    }

    internal Reactor Reactor { get; }

    internal UdpSettings Settings { get; }

    internal ReplyQueue Replies { get; }

    /// <summary>Sessions that all workers together may have of this listener.</summary>
    internal required ConnectionBudget Budget { get; init; }

    /// <summary>
    /// Sessions that all UDP listeners of the process may have together, so that descriptors are left for connections;
    /// null: as many as there are.
    /// </summary>
    internal ConnectionBudget? Share { get; init; }

    /// <summary>How fast sessions may come, and how many of one source there may be; null: no limits.</summary>
    internal ConnectionLimits? Limits { get; init; }

    /// <summary>Who may send; null: everybody.</summary>
    internal AddressSet? Allowed { get; init; }

    /// <summary>Who may not, even if allowed; null: nobody.</summary>
    internal AddressSet? Denied { get; init; }

    /// <summary>Where sessions are recorded as they end, or null.</summary>
    internal AccessLogWriter? AccessLog { get; init; }

    /// <summary>Told of each change of a session's state; null unless every detail is wanted.</summary>
    internal Action<UdpSession, StreamState>? Changed { get; init; }

    /// <summary>Told, in constant words, of datagrams that are dropped; may be null.</summary>
    internal Action<string>? Dropping { get; init; }

    /// <summary>How long sessions last when nothing comes, in milliseconds; 0: for ever.</summary>
    internal int IdleTimeoutMs { get; private set; }

    /// <summary>What this listener has counted on this worker.</summary>
    internal ref readonly UdpCounters Counters => ref _counters;

    /// <summary>Sessions that are open.</summary>
    internal int SessionCount => _table.Count;

    internal FreeList<UdpSession> FreeSessions { get; } = new(1 << 14);

    private EventLoop Loop => Reactor.Loop;

    /// <summary>Receives until <see cref="Drain"/> or <see cref="Abort"/> closes the socket.</summary>
    internal void Start() => ReceiveAsync().Detach();

    /// <summary>
    /// Opens no more sessions. Nothing tells from outside whether one is in the middle of something, so each goes on
    /// until it is quiet for a second.
    /// </summary>
    internal void Drain()
    {
        _isDraining = true;
        IdleTimeoutMs = IdleTimeoutMs == 0 ? DrainIdleMs : Math.Min(IdleTimeoutMs, DrainIdleMs);
        for (var session = _sessions; session is not null; session = session.NextOpen) session.Touch();
        if (_table.Count == 0) CloseSocket();
    }

    /// <summary>Ends every session at once, and stops receiving.</summary>
    internal void Abort()
    {
        _isDraining = true;
        while (_sessions is { } session) session.End(UdpEnd.Stopped);
        CloseSocket();
    }

    /// <summary>Sends answers to clients, from the address that they sent to.</summary>
    internal void SendBack(Span<DatagramRun> runs)
    {
        if (_socket is { } socket) Loop.SendDatagrams(socket, runs);
    }

    /// <summary>Counts what went to a destination.</summary>
    internal void CountUp(in DatagramRun run)
    {
        CountUp(ref _counters, run);
        CountUp(ref Reactor.Counters.Udp, run);
        Reactor.Counters.BytesReceived += run.Bytes;
    }

    /// <summary>Counts what went back to a client.</summary>
    internal void CountDown(in DatagramRun run)
    {
        CountDown(ref _counters, run);
        CountDown(ref Reactor.Counters.Udp, run);
        Reactor.Counters.BytesSent += run.Bytes;
    }

    /// <summary>A destination was not there: it gets no new session for a moment, and none for longer if it goes on.
    /// </summary>
    internal void Shun(Cluster cluster, Destination destination, IoError error)
    {
        cluster.Record(destination, isFailure: true, latencyMs: 0);
        cluster.Failed?.Invoke(destination, error == IoError.Refused ? "datagram refused" : "cannot be reached");
        destination.ShunnedUntil = Loop.Now + ShunMs;
    }

    /// <summary>A session has ended.</summary>
    internal void Remove(UdpSession session, UdpEnd end)
    {
        _table.Remove(session);
        if (session.NextOpen is { } next) next.PreviousOpen = session.PreviousOpen;
        if (session.PreviousOpen is { } previous) previous.NextOpen = session.NextOpen;
        else _sessions = session.NextOpen;
        session.NextOpen = session.PreviousOpen = null;
        Count(ref _counters, end);
        Count(ref Reactor.Counters.Udp, end);
        Budget.Return();
        Share?.Return();
        session.Ticket.Return();
        Reactor.Counters.Active--;
        Changed?.Invoke(session, StreamState.Closed);
        if (_isDraining && _table.Count == 0) CloseSocket();
    }

    private async LoopTask ReceiveAsync()
    {
        var failures = 0;
        for (var batches = 1; _socket is { } socket; batches++)
        {
            var receive = Loop.ReceiveDatagramsAsync(socket, _receive);
            if (!receive.IsCompleted) batches = 0;
            var received = await receive;
            if (_socket is null) return;
            // What an unreachable client is told of says nothing about the socket.
            var isAboutOne = received.Error is IoError.Reset or IoError.Refused or IoError.Unreachable;
            failures = received.IsError ? failures + (isAboutOne ? 0 : 1) : 0;
            if (!received.IsError) Take(received.Bytes);
            if (failures >= FailuresMax)
            {
                // The system is short of something, and may be for long.
                Dropping?.Invoke("datagrams cannot be received");
                await (_pause ??= new Pause(Loop)).Until(Loop.Now + PauseMs, null);
                continue;
            }
            if (batches < BatchesMax && !received.IsError) continue;
            batches = 0;
            await Loop.YieldAsync();
        }
    }

    /// <summary>Sends a batch on.</summary>
    private void Take(int count)
    {
        var batch = Loop.Datagrams;
        var first = batch.Used - count;
        var touched = FindSessions(batch, first);
        SortBySession(batch, first, touched);
        for (var i = 0; i < touched; i++)
        {
            var session = _touched[i];
            var pending = session.Pending;
            session.Pending = 0;
            session.Send(session.Place - pending, pending);
        }
        // An answer that waits keeps its place below.
        batch.Used = Replies.IsEmpty ? 0 : first;
    }

    /// <summary>Finds, or opens, the session of each datagram.</summary>
    /// <returns>How many sessions they are.</returns>
    private int FindSessions(DatagramBatch batch, int first)
    {
        UdpSession? last = null;
        var touched = 0;
        for (var slot = first; slot < batch.Used; slot++)
        {
            ref readonly var datagram = ref batch[slot];
            // They often come in a row.
            var session = last is not null && last.Client.Equals(datagram.From) && last.Local.Equals(datagram.To)
                ? last
                : _table.Find(datagram.From, datagram.To) ?? TryOpen(datagram);
            _owners[slot] = session;
            if (session is null) continue;
            if (session.Pending++ == 0) _touched[touched++] = session;
            last = session;
        }
        return touched;
    }

    private void SortBySession(DatagramBatch batch, int first, int touched)
    {
        var place = first;
        for (var i = 0; i < touched; i++)
        {
            _touched[i].Place = place;
            place += _touched[i].Pending;
        }
        for (var slot = first; slot < batch.Used; slot++)
        {
            if (_owners[slot] is { } session) batch.Order[session.Place++] = slot;
        }
    }

    /// <summary>Opens the session of a new source; null when it may have none.</summary>
    private UdpSession? TryOpen(in Datagram datagram)
    {
        var client = datagram.From.Address;
        if (!IsWelcome(client, datagram.Count, out var ticket)) return null;
        var (destination, address, upstream) = TryConnect(client);
        if (upstream is null)
        {
            ticket.Return();
            Refuse(ref _counters.RefusedWithoutDestination, ref Reactor.Counters.Udp.RefusedWithoutDestination,
                datagram.Count, null);
            return null;
        }
        if (!TryTakePlace())
        {
            // Another worker has taken the last place meanwhile.
            ticket.Return();
            Loop.Close(upstream);
            _cluster.Pool.EndSession(destination!);
            RefuseByLimit(datagram.Count);
            return null;
        }
        var session = FreeSessions.TryTake() ?? new UdpSession(this);
        session.Ticket = ticket;
        _counters.Opened++;
        _counters.Active++;
        Reactor.Counters.Udp.Opened++;
        Reactor.Counters.Udp.Active++;
        Reactor.Counters.Active++;
        session.Open(datagram.From, datagram.To, _cluster, destination!, address!, upstream);
        session.NextOpen = _sessions;
        if (_sessions is { } head) head.PreviousOpen = session;
        _sessions = session;
        _table.Add(session);
        Changed?.Invoke(session, StreamState.Connected);
        return session;
    }

    /// <summary>Whether a new source may have a session; it is counted in then.</summary>
    private bool IsWelcome(in NetAddress client, int datagrams, out SourceTicket ticket)
    {
        ticket = default;
        ref var total = ref Reactor.Counters.Udp;
        if (_isDraining)
        {
            Refuse(ref _counters.RefusedByStop, ref total.RefusedByStop, datagrams, null);
        }
        else if (Allowed?.Contains(client) == false || Denied?.Contains(client) == true)
        {
            Reactor.Counters.Denied++;
            Refuse(ref _counters.RefusedByAddress, ref total.RefusedByAddress, datagrams,
                "a client's address is not allowed");
        }
        else if (Budget.IsExhausted)
        {
            RefuseByLimit(datagrams);
        }
        else if (Share?.IsExhausted == true)
        {
            Refuse(ref _counters.RefusedByLimit, ref total.RefusedByLimit, datagrams,
                "sessions have their share of the file descriptors, datagrams of new sources are dropped");
        }
        else
        {
            var verdict = Limits?.Enter(client, Loop.Now * Nanoseconds, out ticket) ?? LimitVerdict.Within;
            if (verdict == LimitVerdict.Within) return true;
            if (verdict == LimitVerdict.SourceConnections)
            {
                Refuse(ref _counters.RefusedBySourceLimit, ref total.RefusedBySourceLimit, datagrams,
                    "session limit of a source reached, its new ports are dropped");
            }
            else
            {
                Refuse(ref _counters.RefusedByRate, ref total.RefusedByRate, datagrams,
                    "new sources come too fast, some are dropped");
            }
        }
        return false;
    }

    /// <summary>Connects to a destination, or to another when that is not possible.</summary>
    private (Destination? Destination, SocketAddress? Address, IoHandle? Socket) TryConnect(in NetAddress client)
    {
        var key = _cluster.Settings.Balancing.Policy == BalancingPolicy.Hash ? RequestKey.Of(client) : 0;
        var tried = default(TriedSet);
        foreach (var other in _cluster.Destinations)
        {
            if (other.ShunnedUntil > Loop.Now) tried.Add(other.Index);
        }
        Destination? destination = null;
        // One that has failed a moment ago is better than none.
        while ((_cluster.Pick(key, tried) ?? (destination is null ? _cluster.Pick(key, default) : null)) is { } picked)
        {
            destination = picked;
            tried.Add(destination.Index);
            var error = IoError.None;
            for (var left = destination.Addresses.Length; left > 0; left--)
            {
                var address = destination.Ring.Next(Loop.Now, out var probe)!;
                var result = Loop.ConnectDatagrams(address, out var socket);
                if (!result.IsError)
                {
                    _cluster.Pool.BeginSession(destination);
                    return (destination, address, socket);
                }
                error = result.Error;
                if (Lessor.IsFault(error)) destination.Ring.Failed(address, Loop.Now);
                else destination.Ring.GaveUp(address, probe);
            }
            if (Lessor.IsFault(error)) Shun(_cluster, destination, error);
            else if (error == IoError.None) _cluster.Failed?.Invoke(destination, "no address");
            else _cluster.Failed?.Invoke(destination, "no descriptor or port left");
        }
        if (destination is null)
            _cluster.Failed?.Invoke(null, _cluster.HasFull(tried) ? "connection limit reached" : "no destination");
        return (null, null, null);
    }

    private bool TryTakePlace()
    {
        if (Share?.TryTake() == false) return false;
        if (Budget.TryTake()) return true;
        Share?.Return();
        return false;
    }

    private void RefuseByLimit(int datagrams) =>
        Refuse(ref _counters.RefusedByLimit, ref Reactor.Counters.Udp.RefusedByLimit, datagrams,
            "session limit reached, datagrams of new sources are dropped");

    private void Refuse(ref long counter, ref long total, int datagrams, string? reason)
    {
        counter += datagrams;
        total += datagrams;
        if (reason is not null) Dropping?.Invoke(reason);
    }

    private void CloseSocket()
    {
        if (_socket is not { } socket) return;
        Replies.Flush();
        _socket = null;
        Loop.Close(socket);
    }

    private static void Count(ref UdpCounters counters, UdpEnd end)
    {
        counters.Active--;
        switch (end)
        {
            case UdpEnd.Idle: counters.Expired++; break;
            case UdpEnd.Unreachable: counters.Unreachable++; break;
            default: counters.Stopped++; break;
        }
    }

    private static void CountUp(ref UdpCounters counters, in DatagramRun run)
    {
        counters.Traffic.Up += run.Sent;
        counters.Traffic.BytesUp += run.Bytes;
        CountDrops(ref counters, run);
    }

    private static void CountDown(ref UdpCounters counters, in DatagramRun run)
    {
        counters.Traffic.Down += run.Sent;
        counters.Traffic.BytesDown += run.Bytes;
        CountDrops(ref counters, run);
    }

    private static void CountDrops(ref UdpCounters counters, in DatagramRun run)
    {
        if ((run.Full | run.TooLong | run.Failed) == 0) return;
        counters.DroppedFull += run.Full;
        counters.DroppedTooLong += run.TooLong;
        counters.DroppedFailed += run.Failed;
    }
}
