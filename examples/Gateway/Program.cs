// A gateway: requests are balanced over two origins, and handlers make requests of their own to them.
//   dotnet run -c Release --project examples/Gateway [-- 127.0.0.1:8080]
//   tailrace echo --listen 127.0.0.1:9001     in another window, to have an origin
using System.Text;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Proxy;

string[] origins = ["http://127.0.0.1:9001", "http://127.0.0.1:9002"];
var options = new TailraceOptions
{
    Listeners = [new ListenerOptions { Address = args is [var address, ..] ? address : "127.0.0.1:8080" }],
    Routes = [new RouteOptions { Cluster = "origins" }],
    Clusters = new Dictionary<string, ClusterOptions>
    {
        ["origins"] = new() { Destinations = [origins[0], origins[1]] },
    },
};
// One for all workers: each of them keeps its own connections.
var client = new FetchClient(new ClusterSettings
{
    Name = "gateway",
    ConnectTimeoutMs = 1_000,
    FirstByteTimeoutMs = 2_000,
});

using var server = new Server(options);

// Asks every origin, and says how it is.
server.Map("/", async exchange =>
{
    var report = new StringBuilder();
    foreach (var origin in origins)
    {
        using var answer = await client.GetAsync(exchange.Reactor, origin);
        report.Append(origin).Append(": ").AppendLine(answer.IsError ? $"{answer.Error}" : $"{answer.Status}");
    }
    await exchange.Respond(200, report.ToString());
});

// Relays the page of the first origin that has one, at the pace of the client.
server.Map("/first", async exchange =>
{
    foreach (var origin in origins)
    {
        using var answer = await client.GetAsync(exchange.Reactor, $"{origin}/echo");
        if (answer.Status != 200) continue;
        await answer.RelayAsync(exchange);
        return;
    }
    await exchange.Respond(503, "no origin has it\n");
});

server.Start();
Signals.WaitForStop();
server.Stop(options.Shutdown.Grace);
