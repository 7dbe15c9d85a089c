using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Simulation.Scenarios.Http;
using Tailrace.Telemetry;

namespace Tailrace.Simulation.Scenarios;

/// <summary>
/// Clients, origins, and a proxy that asks a second origin soon, so that both answer, fail or are cancelled at any time.
/// </summary>
/// <remarks>
/// Clients see what they see without it: one answer, whose bytes are all of one origin. Nothing is left of who loses.
/// </remarks>
internal sealed class HedgeScenario(string name, bool faulty, bool flawed, bool stops = false)
    : HttpScenario(name, faulty, flawed, stops)
{
    /// <inheritdoc/>
    protected override HttpPlan DrawPlan(SimWorld world, int id) => HttpPlan.Draw(world, id, IsFlawed, IsFlawed);

    /// <inheritdoc/>
    protected override List<OpenOrigin> OpenOrigins(SimWorld world, List<HttpPlan> plans)
    {
        var origins = new List<OpenOrigin>();
        for (var i = world.Random.Between(2, 3); i > 0; i--)
        {
            origins.Add(Open(world, i, "origins", reactor => new HttpOrigin(world, reactor, plans).ServeAsync, i - 1));
        }
        // Each of its tries may be sent to another origin as well.
        foreach (var plan in plans) plan.RetriesMax = plan.IsReplayable ? 2 : 0;
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
                Hedge = new HedgeOptions
                {
                    Requests = 0,
                    Percentile = 50,
                    DelayMin = TimeSpan.FromMilliseconds(world.Random.Between(1, 100)),
                },
                RetryBudget = new RetryBudgetOptions
                {
                    Percent = world.Random.Between(0, 100),
                    PerSecond = 0,
                },
            },
        },
    };

    /// <inheritdoc/>
    protected override void CheckCounters(Counters counters, TailraceOptions options)
    {
        base.CheckCounters(counters, options);
        var percent = options.Clusters["origins"].RetryBudget.Percent;
        Require(counters.UpstreamHedges * 100 <= counters.Requests * percent,
            $"{counters.UpstreamHedges} of {counters.Requests} requests were sent twice, at {percent} %");
        Require(counters.UpstreamHedgeWins <= counters.UpstreamHedges, "more races were won than there were");
    }
}
