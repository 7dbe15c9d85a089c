using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>The circuit breaker of a cluster: when too much of it fails, it is left alone for a while.</summary>
/// <remarks>
/// <para>One for each cluster and worker, made only where it is asked for. <see cref="Ejection"/> leaves out those that
/// are worse than the others; this is for when all of them are, which ejection does nothing about.</para>
/// <para>Closed, it counts. Open, every request is refused at once, until its time is over. Then so many requests at a
/// time are let through on trial: as many answers close it, and one failure opens it for twice as long. No timer: the
/// next request finds that the time is over.</para>
/// </remarks>
internal sealed class Breaker(EventLoop loop, BreakerSettings settings, Action<string?> changed)
{
    private long _requests;
    private long _failures;
    private int _failuresInARow;
    private long _intervalEnds;
    private long _openUntil;
    private long _heardFrom;
    private int _lastTimeMs;
    private int _trials;
    private int _answers;

    /// <summary>Whether requests are refused, or let through on trial only.</summary>
    internal bool IsOpen => _openUntil != 0;

    /// <summary>Whether a request may be sent. One on trial has to be given to <see cref="EndTrial"/>.</summary>
    internal bool Admits(Attempts attempts)
    {
        if (!IsOpen || attempts.IsTrial) return true;
        if (loop.Now < _openUntil || _trials >= settings.Trials) return false;
        _trials++;
        attempts.IsTrial = true;
        return true;
    }

    /// <summary>A request on trial has ended, one way or another.</summary>
    internal void EndTrial() => _trials--;

    /// <summary>Takes the outcome of a request into account.</summary>
    /// <param name="isFailure">Whether it failed because of the cluster.</param>
    /// <param name="startedAt">When it was sent, in the loop's time.</param>
    internal void Record(bool isFailure, long startedAt)
    {
        // What was under way when it opened says nothing new, however late it ends.
        if (startedAt < _heardFrom) return;
        if (IsOpen)
        {
            Judge(isFailure);
            return;
        }
        if (loop.Now >= _intervalEnds)
        {
            _intervalEnds = loop.Now + settings.IntervalMs;
            _requests = _failures = 0;
        }
        _requests++;
        _failuresInARow = isFailure ? _failuresInARow + 1 : 0;
        if (!isFailure) return;
        _failures++;
        if (settings.Failures > 0 && _failuresInARow >= settings.Failures)
            Open($"{_failuresInARow} failures in a row");
        else if (settings.ErrorRatePercent > 0 && _requests >= settings.RequestsMin
            && _failures * 100 >= _requests * settings.ErrorRatePercent)
            Open($"{_failures} of {_requests} requests failed");
    }

    private void Judge(bool isFailure)
    {
        if (isFailure) Open("a request on trial failed");
        else if (++_answers >= settings.Trials) Close();
    }

    private void Open(string reason)
    {
        _lastTimeMs = (int)Math.Min(_lastTimeMs == 0 ? settings.TimeMs : _lastTimeMs * 2L, settings.TimeMaxMs);
        _openUntil = _heardFrom = loop.Now + _lastTimeMs;
        _answers = 0;
        changed($"{reason}, for {_lastTimeMs} ms");
    }

    private void Close()
    {
        _openUntil = 0;
        _lastTimeMs = _failuresInARow = 0;
        _intervalEnds = 0;
        changed(null);
    }
}

/// <summary>When a cluster is left alone. Times are in milliseconds. Immutable.</summary>
internal sealed record BreakerSettings
{
    /// <summary>Failures in a row, of whatever destination; 0: they do not matter.</summary>
    internal int Failures { get; init; }

    /// <summary>Percent of requests that fail; 0: as many as like.</summary>
    internal int ErrorRatePercent { get; init; } = 50;

    /// <summary>Requests of an interval without which the share is not looked at.</summary>
    internal int RequestsMin { get; init; } = 20;

    /// <summary>The time over which the share is taken.</summary>
    internal int IntervalMs { get; init; } = 10_000;

    /// <summary>How long it is left alone for the first time.</summary>
    internal int TimeMs { get; init; } = 5_000;

    /// <summary>The longest that it is left alone.</summary>
    internal int TimeMaxMs { get; init; } = 60_000;

    /// <summary>Requests on trial at a time, and the answers that end it.</summary>
    internal int Trials { get; init; } = 3;
}
