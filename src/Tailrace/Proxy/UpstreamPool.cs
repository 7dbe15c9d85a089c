using System.Net;
using System.Runtime.CompilerServices;
using Tailrace.Io;
using Tailrace.Io.ProxyProtocol;
using Tailrace.Memory;
using Tailrace.Sessions;
using Tailrace.Telemetry;

namespace Tailrace.Proxy;

/// <summary>The idle upstream connections of one cluster on one reactor, last in, first out.</summary>
/// <remarks>
/// The connection used last is the warmest and the least likely to be closed soon. The most that may idle for long is
/// the settings' number; beyond it a connection is kept for a moment only, so that a burst whose answers arrive
/// together does not close what the next burst needs.
/// </remarks>
internal sealed class UpstreamPool
{
    /// <summary>How long a connection beyond the number is kept.</summary>
    private const int SurplusMs = 2_000;

    /// <summary>How long until a connect that found the queue of a Unix socket full is made again.</summary>
    private const int RetryMs = 10;

    /// <summary>How long it is made again, if the connect timeout is not over earlier.</summary>
    private const int RetriesMs = 500;

    /// <summary>The most connections of a destination that may idle even for that moment.</summary>
    private const int IdleMax = 1024;

    private readonly Reactor _reactor;
    private Destination[] _destinations;
    private bool _isClosed;

    internal UpstreamPool(Reactor reactor, ClusterSettings settings, Destination[] destinations)
    {
        _reactor = reactor;
        Settings = settings;
        _destinations = destinations;
        Caps = Caps.Of(settings, Load);
    }

    internal ClusterSettings Settings { get; }

    /// <summary>What is in use.</summary>
    internal ClusterLoad Load { get; } = new();

    /// <summary>How much may be in use; null for no limit.</summary>
    internal Caps? Caps { get; }

    /// <summary>Told when there is room again; null where nobody waits.</summary>
    internal WaitQueue? Waiting { get; set; }

    /// <summary>Those whose connections carry HTTP no more; the tables in them are worth keeping.</summary>
    internal FreeList<UpstreamConnection> FreeUpstreams { get; } = new(64);

    private Counters Counters => _reactor.Counters;

    private long Now => _reactor.Loop.Now;

    /// <summary>Whether the cap of connections allows a new one.</summary>
    internal bool MayConnect(Destination destination) => Caps is null || Caps.MayConnect(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayIdle(Destination destination) =>
        !_isClosed && !destination.IsRemoved && Settings.PoolIdleMax > 0
        && destination.Idle.Count < Math.Max(IdleMax, Settings.PoolIdleMax);

    /// <summary>Leases an idle connection, or null when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal UpstreamConnection? TryRent(Destination destination)
    {
        while (destination.Idle.TryPop() is { } upstream)
        {
            Counters.UpstreamIdle--;
            // An idle connection that has heard anything is closed or confused.
            if (upstream.Connection.WatchFill(null))
            {
                Counters.UpstreamReuses++;
                BeginUse(destination);
                return upstream;
            }
            CloseUnused(upstream);
        }
        return null;
    }

    /// <summary>Takes a connection back for others, or closes it when it cannot be used again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Return(UpstreamConnection upstream)
    {
        if (upstream.IsRequestSent && upstream.Client.IsReusable) Keep(upstream);
        else Close(upstream);
    }

    /// <summary>Keeps a connection on which nothing is under way for the next request, if there is room.</summary>
    internal void Keep(UpstreamConnection upstream)
    {
        var (destination, connection) = (upstream.Destination, upstream.Connection);
        if (!MayIdle(destination))
        {
            Close(upstream);
            return;
        }
        upstream.IsReused = true;
        connection.Input.Release();
        connection.Output.Release();
        connection.PrepareFill();
        if (!connection.WatchFill(upstream))
        {
            Close(upstream);
            return;
        }
        var stack = destination.Idle;
        connection.SetTimeout(stack.Count < Settings.PoolIdleMax ? Settings.PoolIdleTimeoutMs : SurplusMs);
        stack.Push(upstream);
        Counters.UpstreamIdle++;
        EndAnswer(upstream);
        EndUse(destination);
    }

    /// <summary>
    /// Opens a connection to one of the destination's addresses; the result says why it could not, with no error when
    /// there is no address.
    /// </summary>
    /// <param name="destination">Where to.</param>
    /// <param name="client">Who waits for it, or null: when the client is gone, so is the reason to connect.</param>
    /// <param name="introduces">Whether a PROXY header is written; else the request has it in front of it.</param>
    internal async LoopTask<OpenResult> OpenAsync(
        Destination destination, Connection? client = null, bool introduces = true)
    {
        var connected = await ConnectAsync(destination, client, forRequests: true, introduces);
        if (connected.Connection is not { } connection) return new OpenResult(null, connected.Error);
        var upstream = FreeUpstreams.TryTake() ?? new UpstreamConnection(this);
        return new OpenResult(upstream.On(destination, connected.Address!, connection), IoError.None);
    }

    /// <summary>
    /// The same for any protocol: a connection that counts as the destination's until it is given to Close.
    /// </summary>
    /// <param name="destination">Where to.</param>
    /// <param name="client">Who waits for it, or null.</param>
    /// <param name="forRequests">
    /// Whether one that is reset already is of no use, though the other side has said something.
    /// </param>
    /// <param name="introduces">Whether a PROXY header is written where the destination wants one.</param>
    internal async LoopTask<ConnectResult> ConnectAsync(
        Destination destination, Connection? client, bool forRequests = false, bool introduces = true)
    {
        var (error, failures) = (IoError.None, 0);
        BeginUse(destination);
        MakeRoom(destination);
        Remember(destination);
        var retryUntil = Now + RetriesMs;
        if (Settings.ConnectTimeoutMs > 0) retryUntil = Math.Min(retryUntil, Now + Settings.ConnectTimeoutMs);
        for (var left = destination.Addresses.Length;
            left > 0 && error != IoError.Aborted && !error.IsShortage(); left--)
        {
            if (destination.Ring.Next(Now, out var probe) is not { } address) break;
            var connection = SocketConnection.Rent(_reactor);
            var connect = connection.ConnectAsync(address);
            if (!connect.IsCompleted)
            {
                connection.SetTimeout(Settings.ConnectTimeoutMs);
                client?.AbortWith(connection);
            }
            var result = await connect;
            client?.AbortWith(null);
            if (forRequests && !result.IsError && connection.IsBroken) result = IoResult.Failure(IoError.Reset);
            if (introduces && !result.IsError && !TryIntroduce(connection, client))
                result = IoResult.Failure(IoError.NoBuffers);
            if (!result.IsError)
            {
                Counters.UpstreamConnects++;
                destination.Ring.Reached(address);
                return new ConnectResult(connection, address, IoError.None, failures);
            }
            connection.Close();
            error = result.Error;
            if (!Lessor.IsFault(error)) destination.Ring.GaveUp(address, probe);
            if (error == IoError.BacklogFull && Now + RetryMs < retryUntil)
            {
                left++;
                if (await new Pause(_reactor.Loop).Until(Now + RetryMs, client) == PauseEnd.Lost)
                    error = IoError.Aborted;
                continue;
            }
            Counters.UpstreamConnectErrors++;
            if (Lessor.IsFault(error)) destination.Ring.Failed(address, Now);
            if (error != IoError.Aborted && !error.IsShortage()) failures++;
        }
        Forget(destination);
        EndUse(destination);
        return new ConnectResult(null, null, error, failures);
    }

    /// <summary>Tells the destination who the client is, in front of everything else, where it wants to know.</summary>
    private bool TryIntroduce(Connection upstream, Connection? client) =>
        Settings.ProxyVersion == ProxyVersion.Off
        || ProxyHeaderWriter.TryWrite(upstream.Output, Settings.ProxyVersion, client);

    /// <summary>An answer has begun: there is room for another request that waits for one.</summary>
    internal void BeginAnswer(UpstreamConnection upstream)
    {
        upstream.IsAnswering = true;
        Load.Answering++;
        Waiting?.CallOne();
    }

    /// <summary>Closes a leased connection.</summary>
    internal void Close(UpstreamConnection upstream)
    {
        EndAnswer(upstream);
        Close(upstream.Destination, upstream.Connection);
    }

    /// <summary>Closes a connection that <see cref="ConnectAsync"/> has opened.</summary>
    internal void Close(Destination destination, Connection connection, bool reset = false)
    {
        Forget(destination);
        connection.Close(reset);
        EndUse(destination);
    }

    /// <summary>A leased connection that is another protocol's now counts until its tunnel ends.</summary>
    /// <param name="destination">Whose it was.</param>
    /// <param name="isAnswering">Whether an answer had begun, which led to the tunnel.</param>
    internal void EndTunnel(Destination destination, bool isAnswering)
    {
        if (isAnswering) Load.Answering--;
        Forget(destination);
        EndUse(destination);
    }

    /// <summary>A session of datagrams counts like a connection in use.</summary>
    internal void BeginSession(Destination destination)
    {
        BeginUse(destination);
        Remember(destination);
    }

    /// <summary>It no longer counts.</summary>
    internal void EndSession(Destination destination) => EndTunnel(destination, isAnswering: false);

    /// <summary>Removes an idle connection that heard something.</summary>
    internal void Evict(UpstreamConnection upstream)
    {
        if (!upstream.Destination.Idle.Remove(upstream)) return;
        Counters.UpstreamIdle--;
        CloseUnused(upstream);
    }

    /// <summary>Closes idle connections to addresses that a destination no longer has.</summary>
    internal void CloseStale(Destination destination)
    {
        var stack = destination.Idle;
        for (var i = stack.Count - 1; i >= 0; i--)
        {
            if (Array.IndexOf(destination.Addresses, stack[i].Address) < 0) Evict(stack[i]);
        }
    }

    /// <summary>Closes all idle connections, and from now on every connection that is given back.</summary>
    internal void Drain()
    {
        _isClosed = true;
        foreach (var destination in _destinations) Drain(destination);
    }

    /// <summary>Takes over who is in the cluster now.</summary>
    internal void SetDestinations(Destination[] destinations) => _destinations = destinations;

    /// <summary>Closes the idle connections of one destination.</summary>
    internal void Drain(Destination destination)
    {
        while (destination.Idle.Count > 0) Evict(destination.Idle[destination.Idle.Count - 1]);
    }

    /// <summary>A request that needs a new connection has one that waits closed, where more may not be open.</summary>
    private void MakeRoom(Destination destination)
    {
        if (destination.Idle.Count > 0 && !MayConnect(destination)) Evict(destination.Idle[0]);
    }

    private void CloseUnused(UpstreamConnection upstream)
    {
        Forget(upstream.Destination);
        upstream.Connection.Close();
    }

    private void Remember(Destination destination)
    {
        destination.ConnectionCount++;
        Load.Connections++;
    }

    private void Forget(Destination destination)
    {
        destination.ConnectionCount--;
        Load.Connections--;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void BeginUse(Destination destination)
    {
        destination.Active++;
        destination.Requests++;
        Load.Active++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndAnswer(UpstreamConnection upstream)
    {
        if (!upstream.IsAnswering) return;
        upstream.IsAnswering = false;
        Load.Answering--;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndUse(Destination destination)
    {
        destination.Active--;
        Load.Active--;
        Waiting?.CallOne();
    }
}
