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
}
