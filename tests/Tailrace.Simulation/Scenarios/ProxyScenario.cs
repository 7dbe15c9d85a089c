using Tailrace.Hosting;
using Tailrace.Simulation.Scenarios.Http;

namespace Tailrace.Simulation.Scenarios;

/// <summary>Clients, the proxy, and origins.</summary>
internal sealed class ProxyScenario(string name, bool faulty, bool flawed, bool stops = false)
    : HttpScenario(name, faulty, flawed, stops)
{
    /// <inheritdoc/>
    protected override HttpPlan DrawPlan(SimWorld world, int id) => HttpPlan.Draw(world, id, IsFlawed, IsFlawed);

    /// <inheritdoc/>
    protected override List<OpenOrigin> OpenOrigins(SimWorld world, List<HttpPlan> plans)
    {
        var origins = new List<OpenOrigin>();
        for (var i = world.Random.Between(1, 2); i > 0; i--)
        {
            origins.Add(Open(world, i, "origins", reactor => new HttpOrigin(world, reactor, plans).ServeAsync,
                origins.Count));
        }
        return origins;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<CodeRoute> Code(SimWorld world, List<HttpPlan> plans) => [];
}
