using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>One direction of a <see cref="Tunnel"/>: receives from one side, and sends that to the other.</summary>
/// <remarks>
/// What it waits for resumes it. Between two waits it runs like an async method would, but all that it keeps over a
/// wait are these few fields. Belongs to its tunnel; used on the reactor's thread only.
/// </remarks>
/// <param name="tunnel">Whose direction it is.</param>
/// <param name="from">The side that it receives from.</param>
internal sealed class TunnelPump(Tunnel tunnel, TunnelSide from) : LoopContinuation
{
    /// <summary>Pieces moved without a wait before other connections get their turn.</summary>
    private const int TurnPiecesMax = 16;

    /// <summary>What is being sent is what the source has received unseen.</summary>
    private const int AllUnseen = -1;

    private BulkGauge _gauge;
    private int _sending;
    private byte _pieces;
    private Wait _wait;
    private LossWatcher? _loss;

    private enum Wait : byte
    {
        Nothing,
        Bytes,
        Room,
        Turn,
        Over,
    }

    /// <summary>Where bytes come from.</summary>
    internal Connection Source { get; private set; } = null!;

    /// <summary>Where they go.</summary>
    internal Connection Target { get; private set; } = null!;

    /// <summary>The side that it receives from.</summary>
    internal TunnelSide From => from;

    /// <summary>Bytes delivered so far.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Whether bytes wait until the target takes them.</summary>
    internal bool IsSending => _wait == Wait.Room;

    /// <summary>Whether it has come to its end.</summary>
    internal bool IsOver => _wait == Wait.Over;

    private EventLoop Loop => tunnel.Loop;

    /// <summary>Gets ready for another use; <see cref="Resume"/> begins it.</summary>
    internal void Prepare(Connection source, Connection target)
    {
        Source = source;
        Target = target;
        Bytes = 0;
        _gauge = default;
        _pieces = 0;
        _wait = Wait.Nothing;
    }

    /// <summary>Lets go of its connections, which others may be using soon.</summary>
    internal void Forget() => Source = Target = null!;

    /// <summary>Has the tunnel told when the source is lost while nothing is received from it.</summary>
    internal void WatchSource() => Source.WatchLoss(_loss ??= new LossWatcher(this));

    /// <summary>Begins, or goes on with what has come of a wait.</summary>
    internal override void Resume()
    {
        try
        {
            var was = _wait;
            _wait = Wait.Nothing;
            var goesOn = was switch
            {
                Wait.Bytes => OnReceived(Source.TakeFill()) && TrySend(),
                Wait.Room => OnSent(Target.TakeFlush()),
                _ => true,
            };
            if (goesOn) Run();
        }
        catch (Exception exception)
        {
            var isOver = _wait == Wait.Over;
            tunnel.OnException(exception);
            // What the tunnel's owner makes of its end is not the pump's affair.
            if (!isOver) End();
        }
    }

    /// <summary>Moves bytes until it has to wait, or is through.</summary>
    private void Run()
    {
        do
        {
            if (tunnel.IsStopped)
            {
                End();
                return;
            }
            if (Source.Input.IsEmpty && Target.Output.IsEmpty && !TryReceive()) return;
        }
        while (TrySend());
    }

    /// <summary>Receives something. False when it waits, or has come to its end.</summary>
    private bool TryReceive()
    {
        Source.Input.Release();
        Target.Output.Release();
        var fill = _gauge.IsBulk(Loop, int.MaxValue) && Target.SendsUnseen
            ? Source.FillUnseenAsync(int.MaxValue)
            : Source.FillAsync();
        if (fill.IsCompleted) return OnReceived(fill.GetAwaiter().GetResult());
        _pieces = 0;
        _wait = Wait.Bytes;
        fill.Watch(this);
        return false;
    }

    private bool OnReceived(IoResult received)
    {
        tunnel.OnActivity();
        if (received is { IsError: false, Bytes: > 0 })
        {
            _gauge.Received(Loop, received.Bytes, Source.Unseen > 0);
            tunnel.Changed?.Invoke(StreamState.Reading);
            return true;
        }
        if (received.IsError) tunnel.OnReadFailed(this, received.Error);
        else tunnel.OnEnd(this);
        End();
        return false;
    }

    /// <summary>Sends what there is. False when it waits, or has come to its end.</summary>
    private bool TrySend()
    {
        _sending = Source.Unseen > 0 ? AllUnseen : Source.Input.Length;
        var flush = _sending == AllUnseen
            ? Target.FlushUnseenAsync(Source)
            : Target.FlushAsync(Source.Input, _sending);
        if (flush.IsCompleted) return OnSent(flush.GetAwaiter().GetResult());
        _wait = Wait.Room;
        tunnel.Changed?.Invoke(StreamState.Writing);
        flush.Watch(this);
        WatchSource();
        return false;
    }

    private bool OnSent(IoResult sent)
    {
        // What was in the output before is not of this stream.
        var bytes = _sending == AllUnseen ? Target.Flushed : _sending - Source.Input.Length;
        Bytes += bytes;
        tunnel.OnDelivered(from, bytes);
        if (sent.IsError)
        {
            tunnel.OnSendFailed(this, sent.Error);
            End();
            return false;
        }
        if (++_pieces < TurnPiecesMax) return true;
        _pieces = 0;
        _wait = Wait.Turn;
        Loop.Queue(this);
        return false;
    }

    private void End()
    {
        _wait = Wait.Over;
        var isCut = Source.DropUnseen() > 0 || !Source.Input.IsEmpty;
        Source.Input.Release();
        Target.Output.Release();
        tunnel.OnPumped(isCut);
    }

    private void OnLost()
    {
        // News of an earlier use may come late.
        if (tunnel.IsRunning && !Source.IsLossWatched) tunnel.OnLost(this);
    }

    /// <summary>Made when it is first needed: most tunnels never wait for room.</summary>
    private sealed class LossWatcher(TunnelPump pump) : LoopContinuation
    {
        internal override void Resume() => pump.OnLost();
    }
}
