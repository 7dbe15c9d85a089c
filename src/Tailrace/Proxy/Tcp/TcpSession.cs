using Tailrace.Io;
using Tailrace.Proxy.Balancing;
using Tailrace.Telemetry;
using Tailrace.Tls.Hello;

namespace Tailrace.Proxy.Tcp;

/// <summary>Forwards one downstream connection to a destination until both sides have ended.</summary>
/// <remarks>
/// Runs wholly on the connection's reactor, and is used again for another connection afterwards. It becomes the tunnel
/// that it opens, and its async method ends there: so an idle connection costs one object and no frame.
/// </remarks>
internal sealed class TcpSession : Tunnel, ITunnelOwner
{
    private readonly TcpServer _server;
    private readonly TcpRecord? _record;
    private Cluster? _cluster;
    private Destination? _destination;
    private long _settledUp;
    private long _settledDown;
    private bool _isAborted;
    private bool _isExpired;

    internal TcpSession(TcpServer server)
    {
        _server = server;
        if (server.IsLogging) _record = new TcpRecord();
        if (server.Changed is { } changed) Changed = state => changed(this, state);
    }

    /// <summary>The server's list of open sessions.</summary>
    internal TcpSession? NextOpen;

    /// <summary>The server's list of open sessions.</summary>
    internal TcpSession? PreviousOpen;

    /// <summary>The client's address, where logs want it.</summary>
    internal NetAddress Client => _record?.Client ?? default;

    /// <summary>Where the connection goes, once that is known.</summary>
    internal Destination? Destination => _destination;

    /// <summary>Where the connection stands.</summary>
    internal StreamState Stage => IsRunning ? State : StreamState.Connecting;

    private EventLoop Loop => _server.Reactor.Loop;

    private Counters Counters => _server.Reactor.Counters;

    /// <summary>Serves the connection; completes when its tunnel has begun, or when it is closed.</summary>
    /// <param name="downstream">The client's connection.</param>
    /// <param name="routes">Says where it goes by its ClientHello; null when that is not looked at.</param>
    internal async LoopTask RunAsync(Connection downstream, HelloRoutes? routes)
    {
        // 1. Count it.
        Open(downstream);

        // 2. Find out where it goes, if that depends on what its client says first. The descriptor that it needs then
        // is kept for it meanwhile.
        var kept = routes is null ? -1 : Loop.Reserve.Keep();
        var failure = _isExpired ? TunnelEnd.Expired : routes is null ? ChooseOnly() : await ChooseAsync(routes);
        DescriptorReserve.Release(kept);

        // 3. Connect to a destination, or to another when that fails.
        SocketConnection? upstream = null;
        if (_cluster is { } cluster) (upstream, failure) = await ConnectAsync(cluster);

        // 4. Carry bytes both ways until both sides have ended: OnEnded goes on from there.
        if (upstream is not null)
        {
            CountOpen(1);
            Begin(downstream, upstream, _server.Settings.Limits with { LifetimeMs = LifetimeLeftMs }, this);
            return;
        }
        Loop.Timers.Remove(this);

        // 5. Say what happened, and close.
        // A reset at once would make the client's connect fail, not its connection.
        var mustReset = failure is not (TunnelEnd.Unreachable or TunnelEnd.Expired) || !downstream.Input.IsEmpty;
        Close(downstream, new TunnelResult(failure, TunnelSide.None, IoError.None, mustReset, 0, 0));
    }

    /// <summary>The fifth step, when there was a tunnel.</summary>
    void ITunnelOwner.OnEnded(Connection downstream, Connection upstream, in TunnelResult result)
    {
        CountOpen(-1);
        _cluster!.Pool.Close(_destination!, upstream, result.MustReset);
        Close(downstream, result);
    }

    /// <summary>Ends the connection at once.</summary>
    internal void Abort()
    {
        _isAborted = true;
        if (IsRunning) Stop();
        else Downstream.Abort();
    }

    /// <summary>A deadline of the tunnel; or its lifetime is over before it has begun.</summary>
    protected internal override void OnDeadline()
    {
        if (IsRunning)
        {
            base.OnDeadline();
            return;
        }
        _isExpired = true;
        // It waits for a ClientHello, or for a connect.
        Downstream.CancelFill();
        Downstream.FailDependent();
    }

    /// <summary>What is left of its lifetime before the tunnel begins; 0 where it has no end.</summary>
    private int LifetimeLeftMs
    {
        get
        {
            if (_isExpired) return 1;
            return Deadline == long.MaxValue ? 0 : (int)Math.Max(1, Deadline - Loop.Now);
        }
    }

    /// <summary>Brings what has been moved so far into the statistics of the listener and the destination.</summary>
    internal void Settle()
    {
        if (IsRunning) Settle(BytesUp, BytesDown);
    }

    private void Settle(long bytesUp, long bytesDown)
    {
        var (up, down) = (bytesUp - _settledUp, bytesDown - _settledDown);
        (_settledUp, _settledDown) = (bytesUp, bytesDown);
        TcpEnds.AddBytes(ref Counters.Tcp, up, down);
        TcpEnds.AddBytes(ref _server.Totals, up, down);
        if (_destination is { } destination) TcpEnds.AddBytes(ref destination.Tcp, up, down);
    }

    /// <summary>Counts the tunnel as it begins, and as it ends.</summary>
    private void CountOpen(int change)
    {
        TcpEnds.CountOpen(ref Counters.Tcp, change);
        TcpEnds.CountOpen(ref _server.Totals, change);
        TcpEnds.CountOpen(ref _destination!.Tcp, change);
    }

    private void CountConnectErrors(Destination destination, int count)
    {
        Counters.Tcp.ConnectErrors += count;
        _server.Totals.ConnectErrors += count;
        destination.Tcp.ConnectErrors += count;
    }

    private void Open(Connection downstream)
    {
        Downstream = downstream;
        _cluster = null;
        _destination = null;
        _settledUp = _settledDown = 0;
        _isAborted = _isExpired = false;
        if (_server.Settings.Limits.LifetimeMs is > 0 and var lifetimeMs) SetLifetime(lifetimeMs - downstream.WaitedMs);
        _record?.Begin(downstream.Remote, downstream.AcceptTime());
        _server.Add(this);
        Counters.Accepted++;
        Counters.Active++;
    }

    /// <summary>Whatever it waits for before its tunnel begins is of the same time.</summary>
    private void SetLifetime(long leftMs)
    {
        _isExpired = leftMs <= 0;
        if (!_isExpired) Loop.Timers.Set(this, Loop.Now + leftMs);
    }

    /// <summary>All go the same way, if there is one.</summary>
    private TunnelEnd ChooseOnly()
    {
        _cluster = _server.Cluster;
        if (_cluster is null) _server.Refused?.Invoke("nothing is for its protocol");
        return TunnelEnd.Refused;
    }

    /// <summary>Waits for the ClientHello and finds its cluster; what is no TLS has the server's own.</summary>
    /// <returns>Why there is none.</returns>
    private async LoopTask<TunnelEnd> ChooseAsync(HelloRoutes routes)
    {
        Downstream.SetTimeout(_server.Settings.HelloTimeoutMs);
        while (true)
        {
            switch (ReadHello(routes))
            {
                case HelloStatus.Complete or HelloStatus.NotTls:
                    if (_cluster is null) _server.Refused?.Invoke("no route fits");
                    return TunnelEnd.Refused;
                case HelloStatus.Invalid:
                    _server.Refused?.Invoke("a ClientHello that makes no sense");
                    return TunnelEnd.Refused;
                case HelloStatus.TooLong:
                    _server.Refused?.Invoke("a ClientHello that is too long");
                    return TunnelEnd.Refused;
            }
            var received = await Downstream.FillAsync();
            if (_isAborted) return TunnelEnd.Aborted;
            if (_isExpired) return TunnelEnd.Expired;
            if (received is { IsError: false, Bytes: > 0 }) continue;
            if (received.Error.IsShortage()) return TunnelEnd.NoBuffers;
            if (received.IsError && received.Error != IoError.TimedOut) return TunnelEnd.Reset;
            // Whoever says nothing waits for the server to speak first. Half a hello is nothing for anybody.
            if (Downstream.Input.IsEmpty) _cluster = _server.Cluster;
            if (_cluster is null) _server.Refused?.Invoke("no ClientHello");
            return TunnelEnd.Refused;
        }
    }

    private HelloStatus ReadHello(HelloRoutes routes)
    {
        var input = Downstream.Input;
        if (input.IsEmpty) return HelloStatus.NeedMore;
        Span<byte> scratch = stackalloc byte[ClientHelloReader.MessageBytesMax];
        var status = ClientHelloReader.Read(input.Unread, scratch, out var hello);
        if (status == HelloStatus.Complete) _cluster = routes.Find(hello) ?? _server.Cluster;
        if (status == HelloStatus.NotTls) _cluster = _server.Cluster;
        _record?.Name(hello.ServerName);
        return status;
    }

    /// <summary>
    /// Connects to one destination after the other, as the cluster balances them, until one answers.
    /// </summary>
    /// <returns>The connection, or why there is none.</returns>
    private async LoopTask<(SocketConnection? Upstream, TunnelEnd Failure)> ConnectAsync(Cluster cluster)
    {
        var error = IoError.None;
        var tried = default(TriedSet);
        var key = cluster.Settings.Balancing.Policy == BalancingPolicy.Hash ? RequestKey.Of(Downstream.Remote) : 0;
        Counters.Tcp.Connecting++;
        SocketConnection? upstream = null;
        // What is short here is no destination's fault, and no other one has it.
        while (upstream is null && !_isExpired && error != IoError.Aborted && !error.IsShortage()
            && cluster.Pick(key, tried) is { } destination)
        {
            tried.Add(destination.Index);
            _destination = destination;
            _server.Changed?.Invoke(this, StreamState.Connecting);
            var beganAt = Loop.Now;
            (upstream, _, error, var failures) = await cluster.Pool.ConnectAsync(destination, Downstream);
            if (upstream is null && error == IoError.None) failures = 1;
            if (failures > 0) CountConnectErrors(destination, failures);
            if (upstream is not null || Lessor.IsFault(error))
                cluster.Record(destination, upstream is null, Loop.Now - beganAt);
        }
        Counters.Tcp.Connecting--;
        if (upstream is not null) return (upstream, default);
        if (_isExpired && !_isAborted) return (null, TunnelEnd.Expired);
        if (error == IoError.Aborted) return (null, _isAborted ? TunnelEnd.Aborted : TunnelEnd.Reset);
        cluster.Failed?.Invoke(error.IsShortage() ? null : _destination, error switch
        {
            IoError.None when _destination is null && cluster.HasFull(tried) => "connection limit reached",
            IoError.None when _destination is null => "no destination",
            IoError.None => "no address",
            _ => ConnectFaults.WordsOf(error),
        });
        return (null, TunnelEnd.Unreachable);
    }

    private void Close(Connection downstream, in TunnelResult result)
    {
        // A client that left before there was a tunnel.
        var by = result is { End: TunnelEnd.Reset, By: TunnelSide.None } ? TunnelSide.Downstream : result.By;
        _server.Count(result.End, by);
        if (_destination is { } destination) TcpEnds.Count(ref destination.Tcp, result.End, by);
        Settle(result.BytesUp, result.BytesDown);
        if (_server.AccessLog is { } log) _record!.Write(log, _server, _destination, result, by);
        _server.Changed?.Invoke(this, StreamState.Closed);
        downstream.Close(result.MustReset);
        Downstream = null!;
        _server.Remove(this);
        Counters.Active--;
        _server.FreeSessions.Return(this);
    }
}
