using Tailrace.Config;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>Logs what goes wrong on one worker, each thing at most once a second in the whole process.</summary>
/// <remarks>Used on the worker's thread only; the log itself never makes it wait.</remarks>
/// <param name="log">Where.</param>
/// <param name="worker">The worker's number.</param>
/// <param name="clock">The time in milliseconds, the same for all workers.</param>
/// <param name="turns">What the workers share.</param>
internal sealed class FailureLog(Log log, int worker, Func<long> clock, FailureTurns turns)
{
    /// <summary>Logs a warning about a subject: a destination, a listener.</summary>
    internal void Warn(string message, string subject)
    {
        if (!log.IsEnabled(LogLevel.Warn)) return;
        if (!turns.TryTake(message, subject, clock(), out var suppressed)) return;
        if (suppressed == 0) log.Warn(message, ("about", subject), ("worker", worker));
        else log.Warn(message, ("about", subject), ("worker", worker), ("suppressed", suppressed));
    }
}
