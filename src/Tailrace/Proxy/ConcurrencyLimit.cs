using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>Finds how many requests a cluster can take at a time from how long its answers take to begin.</summary>
/// <remarks>
/// <para>One for each cluster and worker, made only where it is asked for. It moves <see cref="Caps.Unanswered"/>;
/// what is beyond waits or is refused as with a fixed limit. It never goes below its minimum, so nobody starves. An
/// answer that has begun no longer counts: it may be a download or a tunnel, and last for hours.</para>
/// <para>A gradient: a window's mean time to the first byte is compared with the time of a cluster that nobody presses,
/// plus some tolerance. While both are alike the limit grows by its root, which is what may wait in a queue; when
/// answers take longer it shrinks in proportion. It does not grow while half of it would do.</para>
/// <para>The time without pressure is the least mean of late. What is slower for good would never be found out so:
/// every now and then the limit is halved for one window, and its mean is taken from then on.</para>
/// </remarks>
internal sealed class ConcurrencyLimit
{
    /// <summary>How much of a step is taken at once, so that one odd window does not decide.</summary>
    private const double Smoothing = 0.5;

    /// <summary>The most that it shrinks in one window.</summary>
    private const double GradientMin = 0.5;

    private readonly EventLoop _loop;
    private readonly AdaptiveSettings _settings;
    private readonly ClusterLoad _load;
    private readonly Caps _caps;
    private double _limit;
    private double _limitBefore;
    private double _unpressed;
    private double _sum;
    private int _count;
    private int _peak;
    private long _windowEnds;
    private long _nextProbe;
    private long _probeSince;

    /// <summary>Creates it, and sets the limit to begin with.</summary>
    internal ConcurrencyLimit(EventLoop loop, AdaptiveSettings settings, ClusterLoad load, Caps caps)
    {
        _loop = loop;
        _settings = settings;
        _load = load;
        _caps = caps;
        _nextProbe = loop.Now + settings.ProbeMs;
        Set(settings.Initial);
    }

    /// <summary>The requests that may wait for the beginning of an answer.</summary>
    internal int Limit => _caps.Unanswered;

    /// <summary>Told when the limit has grown: who waits may go on.</summary>
    internal WaitQueue? Waiting { get; set; }

    private bool IsProbing => _probeSince != 0;

    /// <summary>Takes the time into account that an answer took to begin, in microseconds.</summary>
    /// <param name="startedAt">When its request was sent, by <see cref="EventLoop.Microseconds"/>.</param>
    internal void Record(long startedAt)
    {
        _peak = Math.Max(_peak, _load.Unanswered);
        // What was sent before the limit was halved has waited behind what was.
        if (IsProbing && startedAt < _probeSince) return;
        _sum += Math.Max(_loop.Microseconds - startedAt, 1);
        _count++;
        if (_count >= _settings.Samples && _loop.Now >= _windowEnds) EndWindow(_sum / _count);
    }

    private void EndWindow(double mean)
    {
        if (IsProbing)
        {
            _unpressed = mean;
            _probeSince = 0;
            _nextProbe = _loop.Now + _settings.ProbeMs;
            Set(_limitBefore);
        }
        else
        {
            if (_unpressed == 0 || mean < _unpressed) _unpressed = mean;
            Move(mean);
            if (_loop.Now >= _nextProbe) BeginProbe();
        }
        _sum = _count = _peak = 0;
        _windowEnds = _loop.Now + _settings.WindowMs;
    }

    private void Move(double mean)
    {
        var gradient = Math.Clamp(_unpressed * (100 + _settings.TolerancePercent) / 100 / mean, GradientMin, 1);
        var next = _limit * gradient + Math.Sqrt(_limit);
        if (next > _limit && _peak * 2 < _limit) return;
        Set(_limit + (next - _limit) * Smoothing);
    }

    private void BeginProbe()
    {
        _limitBefore = _limit;
        _probeSince = _loop.Microseconds;
        Set(_limit / 2);
    }

    private void Set(double limit)
    {
        _limit = Math.Clamp(limit, _settings.Min, _settings.Max);
        var before = _caps.Unanswered;
        _caps.Unanswered = (int)_limit;
        for (var more = _caps.Unanswered - before; more > 0 && Waiting is { Count: > 0 } waiting; more--)
            waiting.CallOne();
    }
}

/// <summary>How a <see cref="ConcurrencyLimit"/> is found. Times are in milliseconds. Immutable.</summary>
internal sealed record AdaptiveSettings
{
    /// <summary>The least limit.</summary>
    internal int Min { get; init; } = 4;

    /// <summary>The largest.</summary>
    internal int Max { get; init; } = 1000;

    /// <summary>The limit to begin with.</summary>
    internal int Initial { get; init; } = 20;

    /// <summary>How much longer than without pressure answers may take, in percent.</summary>
    internal int TolerancePercent { get; init; } = 25;

    /// <summary>The least time of a window.</summary>
    internal int WindowMs { get; init; } = 100;

    /// <summary>The fewest answers of a window.</summary>
    internal int Samples { get; init; } = 50;

    /// <summary>How often the time without pressure is measured anew.</summary>
    internal int ProbeMs { get; init; } = 30_000;
}
