using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Simulation.Scenarios.Http;
using Tailrace.Telemetry;

namespace Tailrace.Simulation.Scenarios;

/// <summary>
/// A route that spreads its requests over two clusters and copies them to a third, which does all kinds of wrong.
/// </summary>
/// <remarks>Clients see what they see without it: the checks are those of <see cref="ProxyScenario"/>.</remarks>
internal sealed class MirrorScenario(string name, bool faulty, bool flawed, bool stops = false)
    : HttpScenario(name, faulty, flawed, stops)
{
    private const string Shadow = "shadow";
    private const string Canary = "canary";

    /// <inheritdoc/>
    protected override HttpPlan DrawPlan(SimWorld world, int id) => HttpPlan.Draw(world, id, IsFlawed, IsFlawed);

    /// <inheritdoc/>
    protected override List<OpenOrigin> OpenOrigins(SimWorld world, List<HttpPlan> plans) =>
    [
        Open(world, 1, "origins", reactor => new HttpOrigin(world, reactor, plans).ServeAsync),
        Open(world, 2, Canary, reactor => new HttpOrigin(world, reactor, plans).ServeAsync),
        Open(world, 3, Shadow, reactor => new ShadowOrigin(world, reactor, plans).ServeAsync),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<CodeRoute> Code(SimWorld world, List<HttpPlan> plans) => [];

    /// <inheritdoc/>
    protected override TailraceOptions Adapt(SimWorld world, TailraceOptions options)
    {
        var cluster = options.Clusters["origins"];
        return options with
        {
            Routes =
            [
                new RouteOptions
                {
                    Split = new SplitOptions
                    {
                        To = [new() { Cluster = "origins", Weight = 3 }, new() { Cluster = Canary }],
                        By = world.Random.Chance(300) ? SplitKey.Source : SplitKey.Request,
                    },
                    Mirror = new MirrorOptions
                    {
                        Cluster = Shadow,
                        Percent = world.Random.Chance(500) ? 100 : world.Random.Between(1, 99),
                        Body = 1024,
                        InFlight = world.Random.Between(1, 4),
                    },
                },
            ],
            Clusters = new Dictionary<string, ClusterOptions>
            {
                ["origins"] = cluster with { Destinations = ["http://10.0.1.1"] },
                [Canary] = cluster with { Destinations = ["http://10.0.1.2"] },
                [Shadow] = cluster with { Destinations = ["http://10.0.1.3"] },
            },
        };
    }

    /// <summary>Copies are aborted as soon as a worker is told to end.</summary>
    protected override bool IsAborting(SimWorld world) => world.IsStopping || world.IsAborting;

    /// <inheritdoc/>
    protected override void CheckCounters(Counters counters, TailraceOptions options)
    {
        base.CheckCounters(counters, options);
        var turns = counters.Mirrored + counters.MirrorsSkipped;
        var due = counters.Requests * options.Routes[0].Mirror!.Percent / 100;
        Require(turns == due, $"{turns} of {counters.Requests} requests had their turn, not {due}");
        Require(counters.MirrorErrors <= counters.Mirrored, "more copies failed than there were");
    }
}
