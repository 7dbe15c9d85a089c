using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>Gives destinations that came back their share little by little, from a tenth to the whole.</summary>
/// <remarks>A deadline of the loop moves all shares of a cluster on, so that choosing pays nothing for it.</remarks>
internal sealed class SlowStart(EventLoop loop, int windowMs, Action onSharesChanged) : TimerEntry
{
    private const int StepsPerWindow = 20;
    private const int FirstPercent = 10;

    private readonly List<(Destination Destination, long Since)> _starting = [];

    /// <summary>Begins with a destination.</summary>
    internal void Begin(Destination destination)
    {
        Cancel(destination);
        _starting.Add((destination, loop.Now));
        destination.Share = ShareAt(destination, 0);
        if (_starting.Count == 1) SetNext();
        onSharesChanged();
    }

    /// <summary>Ends it, for a destination that has gone again.</summary>
    internal void Cancel(Destination destination)
    {
        for (var i = _starting.Count - 1; i >= 0; i--)
        {
            if (_starting[i].Destination == destination) _starting.RemoveAt(i);
        }
    }

    /// <summary>Withdraws the deadline.</summary>
    internal void Stop() => loop.Timers.Remove(this);

    /// <inheritdoc/>
    protected internal override void OnDeadline()
    {
        for (var i = _starting.Count - 1; i >= 0; i--)
        {
            var (destination, since) = _starting[i];
            destination.Share = ShareAt(destination, loop.Now - since);
            if (loop.Now - since >= windowMs) _starting.RemoveAt(i);
        }
        onSharesChanged();
        if (_starting.Count > 0) SetNext();
    }

    private void SetNext() => loop.Timers.Set(this, loop.Now + Math.Max(windowMs / StepsPerWindow, 1));

    private int ShareAt(Destination destination, long elapsedMs)
    {
        var whole = destination.Weight * Destination.ShareOfWeight;
        var percent = Math.Clamp(elapsedMs * 100 / windowMs, FirstPercent, 100);
        return (int)(whole * percent / 100);
    }
}
