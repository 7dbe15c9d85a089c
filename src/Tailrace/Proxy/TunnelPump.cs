using System.Runtime.CompilerServices;
using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>What one direction of a <see cref="Tunnel"/> waits for.</summary>
internal enum TunnelWait : byte
{
    /// <summary>Nothing: it is at work.</summary>
    Nothing,

    /// <summary>Bytes from its source.</summary>
    Bytes,

    /// <summary>Its target's taking them.</summary>
    Room,

    /// <summary>Others, which get their turn.</summary>
    Turn,

    /// <summary>Nothing any more.</summary>
    Over,
}

/// <summary>All that one direction keeps over a wait.</summary>
internal struct TunnelFlow
{
    /// <summary>Bytes delivered so far.</summary>
    internal long Bytes;

    /// <summary>Whether they come in bulk.</summary>
    internal BulkGauge Gauge;

    /// <summary>How many are being sent.</summary>
    internal int Sending;

    /// <summary>Pieces moved since it last waited.</summary>
    internal byte Pieces;

    /// <summary>Whether what came last was short: the loop may pass the next message on by itself.</summary>
    internal bool IsShort;

    /// <summary>What it waits for.</summary>
    internal TunnelWait Wait;

    /// <summary>Whether what came last was no short message.</summary>
    internal readonly bool IsBulk => Bytes > 0 && !IsShort;
}

/// <summary>
/// One direction of a <see cref="Tunnel"/> at work: receives from one side, and sends that to the other.
/// </summary>
/// <remarks>
/// Between two waits it runs like an async method would; what it keeps over one is its <see cref="TunnelFlow"/>, in the
/// tunnel. Used on the reactor's thread only.
/// </remarks>
internal readonly ref struct TunnelPump
{
    /// <summary>Pieces moved without a wait before other connections get their turn.</summary>
    private const int TurnPiecesMax = 16;

    /// <summary>Bytes of a message from which on it is none to be passed on.</summary>
    private const int ShortBytes = 4096;

    /// <summary>What is being sent is what the source has received unseen.</summary>
    private const int AllUnseen = -1;

    private readonly Tunnel _tunnel;
    private readonly ref TunnelFlow _flow;

    /// <summary>Gets a direction to work.</summary>
    /// <param name="tunnel">Whose it is.</param>
    /// <param name="flow">What it has kept.</param>
    /// <param name="from">The side that it receives from.</param>
    internal TunnelPump(Tunnel tunnel, ref TunnelFlow flow, TunnelSide from)
    {
        _tunnel = tunnel;
        _flow = ref flow;
        From = from;
        (Source, Target) = from == TunnelSide.Downstream
            ? (tunnel.Downstream, tunnel.Upstream)
            : (tunnel.Upstream, tunnel.Downstream);
    }

    /// <summary>Where bytes come from.</summary>
    internal Connection Source { get; }

    /// <summary>Where they go.</summary>
    internal Connection Target { get; }

    /// <summary>The side that it receives from.</summary>
    internal TunnelSide From { get; }

    /// <summary>Whether bytes wait until the target takes them.</summary>
    internal bool IsSending => _flow.Wait == TunnelWait.Room;

    /// <summary>Whether it has come to its end.</summary>
    internal bool IsOver => _flow.Wait == TunnelWait.Over;

    /// <summary>Whether what it waits for has happened.</summary>
    internal bool IsReady => _flow.Wait switch
    {
        TunnelWait.Bytes => Source.HasFilled,
        TunnelWait.Room => Target.HasFlushed,
        _ => false,
    };

    /// <summary>Whether it has let others go first.</summary>
    internal bool IsNext => _flow.Wait == TunnelWait.Turn;

    private EventLoop Loop => Source.Reactor.Loop;

    /// <summary>Has the tunnel told when the source is lost while nothing is received from it.</summary>
    internal void WatchSource() => Source.WatchLoss(_tunnel.LossWatcherOf(From));

    /// <summary>Begins, or goes on with what has come of a wait.</summary>
    internal void Resume()
    {
        try
        {
            var was = _flow.Wait;
            _flow.Wait = TunnelWait.Nothing;
            var goesOn = was switch
            {
                TunnelWait.Bytes => OnReceived(Source.TakeFill()) && TrySend(),
                TunnelWait.Room => OnSent(Target.TakeFlush()),
                _ => true,
            };
            if (goesOn) Run();
        }
        catch (Exception exception)
        {
            var isOver = _flow.Wait == TunnelWait.Over;
            _tunnel.OnException(Loop, exception);
            // What the tunnel's owner makes of its end is not the pump's affair.
            if (!isOver) End();
        }
    }

    /// <summary>Moves bytes until it has to wait, or is through.</summary>
    private void Run()
    {
        do
        {
            if (_tunnel.IsStopping)
            {
                End();
                return;
            }
            if (Source.Input.IsEmpty && Target.Output.IsEmpty && !TryReceive()) return;
        }
        while (TrySend());
    }

    /// <summary>Receives something. False when it waits, or has come to its end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryReceive()
    {
        Source.Input.Release();
        var fill = _flow.IsShort ? Source.FillForAsync(Target)
            : _flow.Gauge.IsBulk(Loop, int.MaxValue) && Target.SendsUnseen ? Source.FillUnseenAsync(int.MaxValue)
            : Source.FillAsync();
        return fill.IsCompleted ? OnReceived(fill.GetAwaiter().GetResult()) : AwaitBytes(fill);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool AwaitBytes(IoTask fill)
    {
        Source.ReleaseInput();
        Target.ReleaseOutput();
        _flow.Pieces = 0;
        _flow.Wait = TunnelWait.Bytes;
        _tunnel.Tell();
        fill.Watch(_tunnel);
        return false;
    }

    private bool OnReceived(IoResult received)
    {
        _tunnel.OnActivity();
        if (_flow.IsShort && Source.PassedOn is > 0 and var passed) Deliver(passed);
        if (received is { IsError: false, Bytes: > 0 })
        {
            _flow.IsShort = received.Bytes < ShortBytes;
            _flow.Gauge.Received(Loop, received.Bytes, Source.Unseen > 0);
            _tunnel.Tell(hasReceived: true);
            return true;
        }
        return OnOver(received);
    }

    /// <summary>Nothing has come. False in any case: it has come to its end, or waits.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool OnOver(IoResult received)
    {
        if (received.Error == IoError.NoBuffers && Source.Input.TryReserveLast(1))
        {
            // It may be the end of the stream, which needs no room. What has come is for a block that is not to be had.
            var fill = Source.FillAsync();
            if (!fill.IsCompleted) return AwaitBytes(fill);
            var last = fill.GetAwaiter().GetResult();
            if (last.IsError || last.Bytes == 0) received = last;
        }
        if (received.IsError) _tunnel.OnReadFailed(this, received.Error);
        else _tunnel.OnEnd(this);
        End();
        return false;
    }

    /// <summary>Sends what there is. False when it waits, or has come to its end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TrySend()
    {
        var sending = Source.Unseen > 0 ? AllUnseen : Source.Input.Length;
        // Nearly always the loop has passed on what came.
        return (sending == 0 && Target.Output.IsEmpty) || TrySend(sending);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TrySend(int sending)
    {
        _flow.Sending = sending;
        var flush = sending == AllUnseen
            ? Target.FlushUnseenAsync(Source)
            : Target.FlushAsync(Source.Input, sending);
        if (flush.IsCompleted) return OnSent(flush.GetAwaiter().GetResult());
        _flow.Wait = TunnelWait.Room;
        _tunnel.Tell();
        flush.Watch(_tunnel);
        WatchSource();
        return false;
    }

    private bool OnSent(IoResult sent)
    {
        // What was in the output before is not of this stream.
        var bytes = _flow.Sending == AllUnseen ? Target.Flushed : _flow.Sending - Source.Input.Length;
        Deliver(bytes);
        if (sent.IsError)
        {
            _tunnel.OnSendFailed(this, sent.Error);
            End();
            return false;
        }
        if (++_flow.Pieces < TurnPiecesMax) return true;
        _flow.Pieces = 0;
        _flow.Wait = TunnelWait.Turn;
        _tunnel.LetOthersGo();
        return false;
    }

    private void Deliver(int bytes)
    {
        _flow.Bytes += bytes;
        _tunnel.OnDelivered(From, bytes);
    }

    private void End()
    {
        _flow.Wait = TunnelWait.Over;
        var isCut = Source.DropUnseen() > 0 || !Source.Input.IsEmpty;
        Source.Input.Release();
        Target.Output.Release();
        _tunnel.OnPumped(isCut);
    }
}
