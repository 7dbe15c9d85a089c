using System.Collections.Concurrent;
using System.Net;
using Tailrace.Config;
using Tailrace.Conformance.Support;
using Tailrace.Hosting;
using Tailrace.Proxy;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Hosting;

/// <summary>Services become destinations; what cannot be looked up keeps the places it had.</summary>
public sealed class ServiceResolutionTests : IDisposable
{
    private const string Service = "_http._tcp.a.example";

    private readonly FakeNameServer _server = new();
    private readonly ConcurrentQueue<IReadOnlyList<ServicePlace>> _published = [];
    private readonly StringWriter _lines = new();
    private readonly Log _log;

    public ServiceResolutionTests()
    {
        _log = new Log(LogLevel.Info, LogFormat.Text, _lines);
        for (var i = 1; i <= 3; i++) _server.SetHost($"o{i}.example", IPAddress.Parse($"10.0.0.{i}"));
    }

    public void Dispose()
    {
        _server.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task Places_keep_their_numbers_and_what_is_free_is_used_again()
    {
        using var resolution = Create();
        Set(1, 2);
        await resolution.ResolveAsync();
        await resolution.ResolveAsync();
        Assert.Equal("o1.example:8080=2 o2.example:8080=3", Take());
        Assert.Empty(_published);
        Set(2, 3);
        await resolution.ResolveAsync();
        Assert.Equal("o2.example:8080=3 o3.example:8080=4", Take());
        Set(2, 3, 1);
        await resolution.ResolveAsync();
        Assert.Equal("o2.example:8080=3 o3.example:8080=4 o1.example:8080=2", Take());
    }

    [Fact]
    public async Task Ranks_of_the_configuration_come_before_those_of_the_records()
    {
        using var resolution = Create(priority: 2);
        _server.SetService(Service, FakeNameServer.Srv(7, 5, 80, "o1.example"));
        await resolution.ResolveAsync();
        Assert.True(_published.TryDequeue(out var places));
        Assert.Equal((2 * 65536 + 7, 5, "o1.example"), (places[0].Priority, places[0].Weight, places[0].Name));
    }

    [Fact]
    public async Task A_bad_answer_changes_nothing_and_is_told_once()
    {
        using (var resolution = Create())
        {
            Set(1, 2);
            await resolution.ResolveAsync();
            Take();
            _server.Code = 2;
            await resolution.ResolveAsync();
            await resolution.ResolveAsync();
            (_server.Code, _server.Records) = (null, []);
            await resolution.ResolveAsync();
            Assert.Empty(_published);
        }
        _log.Dispose();
        var line = Assert.Single(_lines.ToString().Split('\n'), line => line.Contains("cannot look up a service"));
        Assert.Contains("places=2", line);
    }

    [Fact]
    public async Task A_target_that_cannot_be_looked_up_stays()
    {
        using var resolution = Create();
        Set(1, 2);
        await resolution.ResolveAsync();
        Take();
        _server.FailsFor = "o2.example";
        await resolution.ResolveAsync();
        Assert.Empty(_published);
        _server.FailsFor = null;
        _server.Records = _server.Records.Where(one => one.Key.Name != "o2.example").ToDictionary();
        await resolution.ResolveAsync();
        Assert.Equal("o1.example:8080=2", Take());
    }

    [Fact]
    public async Task A_connection_that_is_reset_does_not_end_the_look_ups()
    {
        using var resolution = Create();
        (_server.Truncates, _server.OverTcp) = (true, OverTcp.Resets);
        await resolution.ResolveAsync();
        Assert.Empty(_published);
        _server.OverTcp = OverTcp.Answers;
        Set(1);
        await resolution.ResolveAsync();
        Assert.Equal("o1.example:8080=2", Take());
    }

    [Fact]
    public async Task What_nobody_expects_is_told_and_the_look_ups_go_on()
    {
        using (var resolution = Create(publish: _ => throw new InvalidDataException("unexpected")))
        {
            Set(1);
            await resolution.ResolveAsync();
            await resolution.ResolveAsync();
        }
        _log.Dispose();
        Assert.Single(_lines.ToString().Split('\n'), line => line.Contains("reason=unexpected"));
    }

    [Fact]
    public async Task Records_are_looked_up_again_when_they_expire()
    {
        using var resolution = Create();
        Set(1);
        await resolution.ResolveAsync();
        Take();
        resolution.Start();
        Set(1, 3);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (_published.IsEmpty && watch.Elapsed.TotalSeconds < 30)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Equal("o1.example:8080=2 o3.example:8080=3", Take());
    }

    private ServiceResolution Create(int priority = 0, Action<IReadOnlyList<ServicePlace>>? publish = null)
    {
        var cluster = new ClusterOptions
        {
            Destinations = ["http://10.0.0.9", new() { Address = $"srv://{Service}", Priority = priority }],
        };
        var root = new TailraceOptions { Clusters = new Dictionary<string, ClusterOptions> { ["main"] = cluster } };
        var options = new ResolveOptions { Servers = [$"{_server.Address}"] };
        return new ServiceResolution([ClusterPlan.From("main", root)], options, (_, index, places) =>
        {
            Assert.Equal(1, index);
            (publish ?? _published.Enqueue)(places);
        }, _log);
    }

    private void Set(params int[] hosts) =>
        _server.SetService(Service, [.. hosts.Select(i => FakeNameServer.Srv(0, 0, 8080, $"o{i}.example"))]);

    private string Take()
    {
        Assert.True(_published.TryDequeue(out var places), "nothing was published");
        return string.Join(' ', places.Select(place => $"{place.Name}={place.Index}"));
    }
}
