using System.Net.Sockets;

namespace Tailrace.Io.Backends;

/// <summary>Resets of streams that hold bytes nobody asks for.</summary>
/// <remarks>
/// A receive tells of a reset behind the bytes that came before it, and the framework has no event for it. So the few
/// streams that somebody watches meanwhile are asked for their error now and then (SO_ERROR).
/// </remarks>
internal sealed partial class PortableLoop
{
    private const int WatchMs = 250;

    private readonly List<PortableHandle> _watched = [];
    private WatchTimer? _watchTimer;

    /// <inheritdoc/>
    public override bool IsWatched(IoHandle stream) =>
        Of(stream) is { Incoming.IsInFlight: true } or { IsAskedFor: true };

    /// <inheritdoc/>
    public override void Watch(IoHandle stream)
    {
        var handle = Of(stream);
        Probe(handle);
        if (handle.IsReadable) WatchBehindBytes(handle);
    }

    /// <summary>Asks a stream that can be read for its error, now and as long as somebody wants to know.</summary>
    private void WatchBehindBytes(PortableHandle handle)
    {
        if (HasFailed(handle) || IsReset(handle))
        {
            handle.IsBroken = true;
            handle.FailDependent(this);
        }
        else if (!handle.IsAskedFor)
        {
            handle.IsAskedFor = true;
            _watched.Add(handle);
            if (_watched.Count == 1) Timers.Set(_watchTimer ??= new WatchTimer(this), Now + WatchMs);
        }
    }

    private void StopWatching(PortableHandle handle)
    {
        if (!handle.IsAskedFor) return;
        handle.IsAskedFor = false;
        _watched.Remove(handle);
        if (_watched.Count == 0) Timers.Remove(_watchTimer!);
    }

    private void AskAll()
    {
        for (var i = _watched.Count - 1; i >= 0; i--)
        {
            var handle = _watched[i];
            // One whose bytes have been received since then is watched by the receive that waits for more.
            var isWaiting = handle is { IsHeeded: true, IsReadable: true, Receiving: null };
            var isLost = isWaiting && IsReset(handle);
            if (isWaiting && !isLost) continue;
            handle.IsAskedFor = false;
            _watched.RemoveAt(i);
            if (!isLost) continue;
            handle.IsBroken = true;
            handle.FailDependent(this);
        }
        if (_watched.Count > 0) Timers.Set(_watchTimer!, Now + WatchMs);
    }

    /// <summary>Takes the error of a stream, which the system tells once: its receives tell it behind what came before.
    /// </summary>
    private static bool IsReset(PortableHandle handle)
    {
        if (handle.HiddenFailure != IoError.None) return true;
        SocketError error;
        try
        {
            error = (SocketError)(int)handle.Socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        }
        catch (SocketException failure)
        {
            error = failure.SocketErrorCode;
        }
        if (error == SocketError.Success) return false;
        handle.HiddenFailure = PortableSockets.ErrorOf(error);
        return true;
    }

    /// <summary>Looks for a reset behind bytes that have just been received.</summary>
    private sealed class LossNews(PortableLoop loop, PortableHandle handle) : LoopContinuation
    {
        internal override void Resume()
        {
            if (handle is { IsClosed: false, IsReadable: true, IsHeeded: true, Receiving: null })
                loop.WatchBehindBytes(handle);
        }
    }

    private sealed class WatchTimer(PortableLoop loop) : TimerEntry
    {
        protected internal override void OnDeadline() => loop.AskAll();
    }
}
