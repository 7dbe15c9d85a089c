using System.Net;
using System.Text.Json;
using Tailrace.Cli.Commands;
using Tailrace.Config;
using Tailrace.Hosting;

namespace Tailrace.Tests.Cli.Commands;

/// <summary>The statistics as people and as programs read them.</summary>
public sealed class StatisticsTests
{
    [Fact]
    public async Task Tables_have_what_was_counted_and_no_more()
    {
        using var server = await ServeOnceAsync();
        var output = new StringWriter { NewLine = "\n" };
        StatisticsReport.Write(server, output);
        var lines = output.ToString().Split('\n');
        string[] names = [.. lines.Select(line => line.Length < 24 ? line : line[..24].TrimEnd())];
        Assert.Equal(
            ["", "garbage collections", "managed bytes", "connections", "requests", "answered 2xx", "bytes received", "bytes sent"],
            names[..8]);
        Assert.Contains("requests                               1               1", lines);
        Assert.Contains("listener                             connections", lines);
        Assert.Contains("main                                           1", lines);
        Assert.DoesNotContain(lines.Skip(3).SkipLast(1), line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].All(word => word == "0"));
        Assert.Contains("app 127.0.0.1:1                                0               0  healthy", lines);
    }

    [Fact]
    public async Task Lines_are_objects_with_every_counter()
    {
        using var server = await ServeOnceAsync();
        var output = new StringWriter { NewLine = "\n" };
        StatisticsLines.Write(server, output);
        var lines = output.ToString().TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.All(lines, line => Assert.Equal(
            ["time", "level", "message", "of"], line.EnumerateObject().Take(4).Select(property => property.Name)));
        Assert.Equal(
            ["process", "worker", "listener", "cluster", "destination"],
            lines.Select(line => line.GetProperty("of").GetString()));
        Assert.Equal((1, 1), (Number(lines[1], "requests"), Number(lines[1], "responses_2xx")));
        Assert.Equal(0, Number(lines[1], "tcp_ended_connections_client_closed"));
        Assert.Equal("main", lines[2].GetProperty("listener").GetString());
        Assert.Equal(1, Number(lines[2], "connections"));
        Assert.Equal("127.0.0.1:1", lines[4].GetProperty("destination").GetString());
        Assert.Equal((0, 1), (Number(lines[4], "requests"), Number(lines[4], "healthy")));
    }

    private static long Number(JsonElement line, string name) => line.GetProperty(name).GetInt64();

    private static async Task<Server> ServeOnceAsync()
    {
        var server = new Server(new TailraceOptions
        {
            Workers = 1,
            Engine = EngineChoice.Portable,
            Listeners = [new ListenerOptions { Name = "main", Address = "127.0.0.1:0" }],
            Routes = [new RouteOptions { Cluster = "app" }],
            Clusters = new Dictionary<string, ClusterOptions> { ["app"] = new() { Destinations = ["http://127.0.0.1:1"] } },
        });
        server.Map("/", exchange => exchange.Respond(200, "yes\n")).Start();
        using var client = new HttpClient();
        Assert.Equal("yes\n", await client.GetStringAsync($"http://{(IPEndPoint)server.Addresses[0]}/", TestContext.Current.CancellationToken));
        server.Stop(TimeSpan.FromSeconds(10));
        return server;
    }
}
