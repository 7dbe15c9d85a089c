using Tailrace.Config;
using Tailrace.Proxy;

namespace Tailrace.Hosting;

/// <summary>What a cluster does when destinations fail or are late, as workers build it.</summary>
internal static class ResiliencePlan
{
    internal static RetrySettings RetryOf(RetryOptions options)
    {
        return new RetrySettings
        {
            OnReset = Has(RetryCondition.Reset),
            OnTimeout = Has(RetryCondition.Timeout),
            Statuses = !Has(RetryCondition.Status) ? []
                : options.Status.Count > 0 ? [.. options.Status]
                : [502, 503, 504],
            Tries = options.Tries,
            TryTimeoutMs = Snapshot.Milliseconds(options.TryTimeout),
            BackoffMs = Snapshot.Milliseconds(options.Backoff),
            BackoffMaxMs = Snapshot.Milliseconds(options.BackoffMax),
            BodyBytesMax = options.Body,
            AnyMethod = options.AnyMethod,
        };

        bool Has(RetryCondition condition) => options.On.Count == 0 || options.On.Contains(condition);
    }

    internal static HedgeSettings HedgeOf(HedgeOptions options) => new()
    {
        Percentile = options.Percentile,
        DelayMinMs = Snapshot.Milliseconds(options.DelayMin),
        RequestsMin = options.Requests,
    };

    internal static AdaptiveSettings AdaptiveOf(AdaptiveOptions options, ClusterLimits limits)
    {
        var max = limits.Requests > 0 ? Math.Min(options.Max, limits.Requests) : options.Max;
        return new AdaptiveSettings
        {
            Min = Math.Min(options.Min, max),
            Max = max,
            Initial = options.Initial,
            TolerancePercent = options.Tolerance,
            WindowMs = Snapshot.Milliseconds(options.Window),
            Samples = options.Samples,
            ProbeMs = Snapshot.Milliseconds(options.Probe),
        };
    }

    internal static BreakerSettings BreakerOf(BreakerOptions options) => new()
    {
        Failures = options.Failures,
        ErrorRatePercent = options.ErrorRate,
        RequestsMin = options.Requests,
        IntervalMs = Snapshot.Milliseconds(options.Interval),
        TimeMs = Snapshot.Milliseconds(options.Time),
        TimeMaxMs = Snapshot.Milliseconds(options.TimeMax),
        Trials = options.Trials,
    };
}
