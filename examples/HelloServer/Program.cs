// A web server in C#, and beside it a proxy: what is not answered here goes to a cluster.
//   dotnet run -c Release --project examples/HelloServer [-- 127.0.0.1:8080]
using System.Text;
using Tailrace.Config;
using Tailrace.Hosting;

var options = new TailraceOptions
{
    Listeners = [new ListenerOptions { Address = args is [var address, ..] ? address : "127.0.0.1:8080" }],
    Routes = [new RouteOptions { Match = new MatchOptions { PathPrefix = "/api" }, Cluster = "api" }],
    Clusters = new Dictionary<string, ClusterOptions>
    {
        ["api"] = new() { Destinations = ["http://127.0.0.1:9001"] },
    },
};

using var server = new Server(options);
server.Map("/", exchange => exchange.Respond(200, "Hello from Tailrace!\n"));
server.MapPrefix("/greet/", exchange =>
{
    var name = Encoding.UTF8.GetString(exchange.Path["/greet/".Length..]);
    return exchange.Respond(200, $"Hello, {name}!\n");
});
server.Start();
Signals.WaitForStop();
server.Stop(options.Shutdown.Grace);
