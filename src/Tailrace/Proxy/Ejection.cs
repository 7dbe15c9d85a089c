using System.Runtime.CompilerServices;
using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>Leaves destinations out for a while because of what happened to requests.</summary>
/// <remarks>
/// <para>One for each cluster and worker. Each worker judges by its own requests, so nothing is shared on their way. A
/// destination that comes back is on probation: one more failure and it goes for twice as long; an answer ends the
/// probation.</para>
/// <para>Rates and means are looked at when an interval ends, by the loop's timer, which runs only while there is
/// something to look at.</para>
/// </remarks>
internal sealed class Ejection(EventLoop loop, EjectionSettings settings, Destination[] destinations,
    Action<Destination, string?> changed) : TimerEntry
{
    private readonly bool _hasRates = settings.HasRates;
    private int _ejected = Array.FindAll(destinations, one => one.IsEjected).Length;
    private long _intervalEnds = long.MaxValue;

    /// <summary>Goes on from where another one was stopped.</summary>
    internal void Start() => SetNext();

    /// <summary>Takes the outcome of a request into account.</summary>
    /// <param name="destination">Whose.</param>
    /// <param name="isFailure">Whether it failed.</param>
    /// <param name="latencyMs">How long its answer took to begin.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Record(Destination destination, bool isFailure, long latencyMs)
    {
        if (isFailure || _hasRates) RecordFully(destination, isFailure, latencyMs);
        else destination.Record.FailuresInARow = 0;
    }

    private void RecordFully(Destination destination, bool isFailure, long latencyMs)
    {
        var record = destination.Record;
        if (_hasRates)
        {
            record.Requests++;
            if (isFailure) record.Failures++;
            record.LatencyMs += latencyMs;
            if (_intervalEnds == long.MaxValue) BeginInterval();
        }
        if (!isFailure)
        {
            record.FailuresInARow = 0;
            return;
        }
        record.FailuresInARow++;
        if (settings.Failures > 0 && record.FailuresInARow >= settings.Failures)
            TryEject(destination, $"{record.FailuresInARow} failures in a row");
    }

    /// <summary>Withdraws the deadline.</summary>
    internal void Stop() => loop.Timers.Remove(this);

    /// <inheritdoc/>
    protected internal override void OnDeadline()
    {
        var now = loop.Now;
        foreach (var destination in destinations)
        {
            var record = destination.Record;
            if (record.EjectedUntil != 0 && record.EjectedUntil <= now) Recover(destination);
        }
        if (_intervalEnds <= now) EndInterval();
        SetNext();
    }

    private void TryEject(Destination destination, string reason)
    {
        if (destination.IsEjected || (_ejected + 1) * 100 > settings.ShareMaxPercent * destinations.Length) return;
        var record = destination.Record;
        // Behaving well for as long as it was last left out makes up for the past.
        if (loop.Now - record.BackSince > record.LastTimeMs) record.LastTimeMs = 0;
        var time = record.LastTimeMs == 0 ? settings.TimeMs : Math.Min(record.LastTimeMs * 2L, settings.TimeMaxMs);
        record.LastTimeMs = (int)time;
        record.EjectedUntil = loop.Now + time;
        _ejected++;
        destination.IsEjected = true;
        SetNext();
        changed(destination, $"{reason}, for {time} ms");
    }

    private void Recover(Destination destination)
    {
        var record = destination.Record;
        record.EjectedUntil = 0;
        record.BackSince = loop.Now;
        record.FailuresInARow = Math.Max(settings.Failures - 1, 0);
        _ejected--;
        destination.IsEjected = false;
        changed(destination, null);
    }

    private void BeginInterval()
    {
        _intervalEnds = loop.Now + settings.IntervalMs;
        SetNext();
    }

    /// <summary>Compares each destination with all of them together, and forgets.</summary>
    private void EndInterval()
    {
        _intervalEnds = long.MaxValue;
        var (requests, failures, latencyMs) = (0L, 0L, 0L);
        foreach (var destination in destinations)
        {
            requests += destination.Record.Requests;
            failures += destination.Record.Failures;
            latencyMs += destination.Record.LatencyMs;
        }
        foreach (var destination in destinations)
        {
            var record = destination.Record;
            if (record.Requests >= settings.RequestsMin && Judge(record, requests, failures, latencyMs) is { } reason)
                TryEject(destination, reason);
            record.ForgetInterval();
        }
    }

    private string? Judge(HealthRecord record, long requests, long failures, long latencyMs)
    {
        var rate = 100.0 * record.Failures / record.Requests;
        var mean = 100.0 * failures / requests;
        if (settings.ErrorRatePercent > 0 && rate > mean + settings.ErrorRatePercent)
            return $"{rate:0} % of its requests failed, {mean:0} % of all";
        var latency = (double)record.LatencyMs / record.Requests;
        var meanLatency = (double)latencyMs / requests;
        if (settings.LatencyPercent > 0 && latency * 100 > meanLatency * settings.LatencyPercent)
            return $"answers after {latency:0} ms on average, {meanLatency:0} ms for all";
        return null;
    }

    private void SetNext()
    {
        var next = _intervalEnds;
        foreach (var destination in destinations)
        {
            if (destination.Record.EjectedUntil != 0) next = Math.Min(next, destination.Record.EjectedUntil);
        }
        if (next == long.MaxValue) loop.Timers.Clear(this);
        else loop.Timers.Set(this, next);
    }
}

/// <summary>What <see cref="Ejection"/> remembers of a destination.</summary>
internal sealed class HealthRecord
{
    /// <summary>Failures since the last answer.</summary>
    internal int FailuresInARow { get; set; }

    /// <summary>Requests in this interval.</summary>
    internal long Requests { get; set; }

    /// <summary>Those that failed.</summary>
    internal long Failures { get; set; }

    /// <summary>How long their answers took to begin, all together.</summary>
    internal long LatencyMs { get; set; }

    /// <summary>Until when it is left out, in the loop's time; 0 when it is not.</summary>
    internal long EjectedUntil { get; set; }

    /// <summary>When it came back, and how long it was away then.</summary>
    internal long BackSince { get; set; }

    /// <summary>How long it was left out last.</summary>
    internal int LastTimeMs { get; set; }

    /// <summary>Begins an interval.</summary>
    internal void ForgetInterval() => Requests = Failures = LatencyMs = 0;
}
