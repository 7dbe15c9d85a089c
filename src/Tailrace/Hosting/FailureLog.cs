using Tailrace.Config;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>Logs what goes wrong on one worker, each thing at most once a second.</summary>
/// <remarks>Used on the worker's thread only; the log itself never makes it wait.</remarks>
internal sealed class FailureLog(Log log, int worker, Func<long> clock)
{
    private const long IntervalMs = 1000;
    private const int KindsMax = 256;

    private readonly Dictionary<(string Message, string Subject), State> _states = [];

    /// <summary>Logs a warning about a subject: a destination, a listener.</summary>
    internal void Warn(string message, string subject)
    {
        if (!log.IsEnabled(LogLevel.Warn)) return;
        var key = (message, subject);
        var now = clock();
        if (!_states.TryGetValue(key, out var state))
        {
            if (_states.Count == KindsMax) _states.Clear();
            state = new State(0, 0);
        }
        if (now < state.NextAt)
        {
            _states[key] = state with { Suppressed = state.Suppressed + 1 };
            return;
        }
        var suppressed = state.Suppressed;
        if (suppressed == 0) log.Warn(message, ("about", subject), ("worker", worker));
        else log.Warn(message, ("about", subject), ("worker", worker), ("suppressed", suppressed));
        _states[key] = new State(now + IntervalMs, 0);
    }

    private readonly record struct State(long NextAt, long Suppressed);
}
