using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Telemetry;
using Tailrace.Tests.Proxy;

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

    [Fact]
    public async Task What_nobody_expects_is_told_once_per_change_and_the_look_ups_go_on()
    {
        Action? fail = null;
        using (var resolution = Create((cluster, index, addresses) =>
        {
            fail?.Invoke();
            Publish(cluster, index, addresses);
        }, "http://localhost:81"))
        {
            foreach (var reason in new[] { "one", "one", "other", "other" })
            {
                fail = () => throw new InvalidDataException(reason);
                await resolution.ResolveAsync();
            }
            fail = null;
            await resolution.ResolveAsync();
            await resolution.ResolveAsync();
        }
        Assert.Single(_published);
        Assert.Equal(
            [
                "cannot resolve a destination host=localhost reason=one",
                "cannot resolve a destination host=localhost reason=other",
                "a destination is resolved again host=localhost",
            ],
            Lines());
    }

    [Fact]
    public async Task What_nobody_expects_does_not_end_the_period()
    {
        var calls = 0;
        using var resolution = Create((cluster, index, addresses) =>
        {
            if (Interlocked.Increment(ref calls) < 3) throw new InvalidDataException("unexpected");
            Publish(cluster, index, addresses);
        }, "http://localhost:81");
        resolution.Start(TimeSpan.FromMilliseconds(1));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (_published.IsEmpty && watch.Elapsed.TotalSeconds < 30)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Single(_published);
    }

    [Fact]
    public async Task A_name_that_hangs_keeps_neither_others_nor_a_stop_waiting()
    {
        using var names = new SilentNames();
        using var resolution = Create(
            names.Find, Publish, "http://silent.example:81", "http://127.0.0.1:82", "http://good.example:83");
        names.Answer("good.example", IPAddress.Parse("10.0.0.1"));
        var all = resolution.ResolveAsync();
        Assert.Equal(["good.example", "silent.example"], new[] { names.Next(), names.Next() }.Order());
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (_published.Count < 2 && watch.Elapsed.TotalSeconds < 30)
            await Task.Delay(1, TestContext.Current.CancellationToken);
        Assert.Equal(["10.0.0.1:83", "127.0.0.1:82"], _published.Select(one => one.Addresses).Order());
        Assert.False(all.IsCompleted);
        Assert.False(names.WasOnPool);
        resolution.Dispose();
        await all;
        _log.Dispose();
        Assert.Empty(_lines.ToString());
    }

    public void Dispose() => _log.Dispose();

    /// <summary>What was logged, without its time and level.</summary>
    private IEnumerable<string> Lines()
    {
        _log.Dispose();
        return _lines.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries)[2]);
    }

    private Resolution Create(params string[] destinations) => Create(Publish, destinations);

    private Resolution Create(Action<string, int, SocketAddress[]> publish, params string[] destinations) =>
        Create(Dns.GetHostAddresses, publish, destinations);

    private Resolution Create(
        Func<string, IPAddress[]> find, Action<string, int, SocketAddress[]> publish, params string[] destinations)
    {
        var cluster = new ClusterOptions
        {
            Destinations = [.. destinations.Select(address => new DestinationOptions { Address = address })],
        };
        var options = new TailraceOptions { Clusters = new Dictionary<string, ClusterOptions> { ["main"] = cluster } };
        return new Resolution([ClusterPlan.From("main", options)], publish, _log, find);
    }

    private void Publish(string cluster, int index, SocketAddress[] addresses) =>
        _published.Enqueue((cluster, index, string.Join(' ', addresses.Select(Read))));

    private static EndPoint Read(SocketAddress raw)
    {
        var any = raw.Family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        return new IPEndPoint(any, 0).Create(raw);
    }
}
