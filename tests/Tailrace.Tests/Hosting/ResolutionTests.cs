using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Hosting;

/// <summary>Host names become addresses; what cannot be resolved is told once, and keeps what it had.</summary>
public sealed class ResolutionTests : IDisposable
{
    private readonly ConcurrentQueue<(string Cluster, int Index, string Addresses)> _published = [];
    private readonly StringWriter _lines = new();
    private readonly Log _log;

    public ResolutionTests() => _log = new Log(LogLevel.Info, LogFormat.Text, _lines);

    [Fact]
    public async Task Addresses_stand_for_themselves_and_are_published_once()
    {
        using var resolution = Create("http://127.0.0.1:81", "http://[::1]:82");
        await resolution.ResolveAsync();
        await resolution.ResolveAsync();
        Assert.Equal(
            [("main", 0, "127.0.0.1:81"), ("main", 1, "[::1]:82")], _published.OrderBy(entry => entry.Index));
    }

    [Fact]
    public async Task Names_are_looked_up()
    {
        using var resolution = Create("http://localhost:81");
        await resolution.ResolveAsync();
        var (cluster, index, addresses) = Assert.Single(_published);
        Assert.Equal(("main", 0), (cluster, index));
        Assert.All(addresses.Split(' '), text => Assert.True(IPAddress.IsLoopback(IPEndPoint.Parse(text).Address)));
    }

    [Fact]
    public async Task A_name_that_cannot_be_resolved_is_told_once()
    {
        using (var resolution = Create("http://no-such-host.invalid", "http://127.0.0.1:81"))
        {
            await resolution.ResolveAsync();
            await resolution.ResolveAsync();
        }
        Assert.Equal(1, Assert.Single(_published).Index);
        _log.Dispose();
        var line = Assert.Single(_lines.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("cannot resolve a destination", line);
        Assert.Contains("host=no-such-host.invalid", line);
    }

    public void Dispose() => _log.Dispose();

    private Resolution Create(params string[] destinations)
    {
        var plan = ClusterPlan.From("main", new ClusterOptions
        {
            Destinations = [.. destinations.Select(address => new DestinationOptions { Address = address })],
        });
        return new Resolution([plan], Publish, _log);
    }

    private void Publish(string cluster, int index, SocketAddress[] addresses) =>
        _published.Enqueue((cluster, index, string.Join(' ', addresses.Select(Read))));

    private static EndPoint Read(SocketAddress raw)
    {
        var any = raw.Family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        return new IPEndPoint(any, 0).Create(raw);
    }
}
