using Tailrace.Hosting;
using Tailrace.Sessions;
using Tailrace.Simulation.Scenarios.Http;

namespace Tailrace.Simulation.Scenarios;

/// <summary>Clients, and a server that answers in code.</summary>
internal sealed class HandlerScenario(string name, bool faulty, bool flawed, bool stops = false)
    : HttpScenario(name, faulty, flawed, stops)
{
    /// <inheritdoc/>
    protected override HttpPlan DrawPlan(SimWorld world, int id) =>
        HttpPlan.Draw(world, id, flawedClient: IsFlawed, flawedOrigin: false);

    /// <summary>What a handler writes gathers in one block until it is sent.</summary>
    protected override int DrawBulkBytes(SimWorld world, int blockBytes) => 64 << 10;

    /// <inheritdoc/>
    protected override List<OpenOrigin> OpenOrigins(SimWorld world, List<HttpPlan> plans) => [];

    /// <inheritdoc/>
    protected override IReadOnlyList<CodeRoute> Code(SimWorld world, List<HttpPlan> plans) =>
        [new CodeRoute(Handler.From(new HttpHandler(world, plans).HandleAsync)) { Path = "/x/", IsPrefix = true }];
}
