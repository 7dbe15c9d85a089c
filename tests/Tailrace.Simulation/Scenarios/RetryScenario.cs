using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Simulation.Scenarios.Http;
using Tailrace.Telemetry;

namespace Tailrace.Simulation.Scenarios;

/// <summary>Three origins of which one is sick, and a proxy that sends what it does not answer to the others.</summary>
/// <remarks>
/// On a network that does not fail clients do not notice: no request that may be sent again fails. On one that does,
/// no more is sent again than the budget allows.
/// </remarks>
internal sealed class RetryScenario(string name, bool faulty) : HttpScenario(name, faulty, flawed: false, stops: false)
{
    private const int PauseMsMax = 500;

    /// <inheritdoc/>
    protected override HttpPlan DrawPlan(SimWorld world, int id) =>
        HttpPlan.Draw(world, id, flawedClient: false, flawedOrigin: false);

    /// <inheritdoc/>
    protected override List<OpenOrigin> OpenOrigins(SimWorld world, List<HttpPlan> plans)
    {
        var origins = new List<OpenOrigin>();
        for (var i = 1; i <= 3; i++)
        {
            var isSick = i == 2;
            origins.Add(Open(
                world, i, "origins", reactor => new HttpOrigin(world, reactor, plans, isSick).ServeAsync, i - 1));
        }
        foreach (var plan in plans) (plan.RetriesMax, plan.MayBeSick) = (1, IsFaulty);
        return origins;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<CodeRoute> Code(SimWorld world, List<HttpPlan> plans) => [];

    /// <inheritdoc/>
    protected override TailraceOptions Adapt(SimWorld world, TailraceOptions options) => options with
    {
        Clusters = new Dictionary<string, ClusterOptions>
        {
            ["origins"] = options.Clusters["origins"] with
            {
                // What a pooled connection loses is not in the budget.
                Retries = IsFaulty ? 0 : 1,
                Retry = new RetryOptions
                {
                    // Good origins answer 503 as well.
                    Status = [502, 504],
                    TryTimeout = TimeSpan.FromSeconds(4),
                    Backoff = TimeSpan.FromMilliseconds(world.Random.Below(2) * PauseMsMax),
                },
                RetryBudget = IsFaulty
                    ? new RetryBudgetOptions { Percent = world.Random.Below(50), PerSecond = 0 }
                    : new RetryBudgetOptions(),
            },
        },
    };

    /// <inheritdoc/>
    protected override void CheckCounters(Counters counters, TailraceOptions options)
    {
        base.CheckCounters(counters, options);
        var budget = options.Clusters["origins"].RetryBudget;
        if (!IsFaulty)
        {
            Require(counters.UpstreamRetriesDenied == 0, "a retry was denied");
            return;
        }
        Require(counters.UpstreamRetries * 100 <= counters.Requests * budget.Percent,
            $"{counters.UpstreamRetries} of {counters.Requests} requests were sent again, at {budget.Percent} %");
    }
}
