using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Proxy;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Proxy;

/// <summary>Changes are published and logged, once each.</summary>
public sealed class HealthCheckerTests
{
    [Fact]
    public async Task A_destination_goes_and_comes_back()
    {
        var lines = new StringWriter();
        var log = new Log(LogLevel.Info, LogFormat.Text, lines);
        var changes = new BlockingCollection<(string, int, string, bool)>();
        var settings = new CheckSettings { IsHttp = false, Interval = TimeSpan.FromMilliseconds(2), JitterPercent = 50 };
        using (var checker = new HealthChecker([new("main", 3, "a:81", settings)], Publish, log))
        {
            checker.Start();
            // It has no address yet.
            Assert.Equal(("main", 3, "a:81", false), Next());
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var address = (IPEndPoint)listener.LocalEndpoint;
            // A name is as good as the best of its addresses.
            checker.SetAddresses("main", 3, [new IPEndPoint(IPAddress.Parse("127.0.0.9"), 1).Serialize(), address.Serialize()]);
            Assert.Equal(("main", 3, "a:81", true), Next());
            listener.Stop();
            Assert.Equal(("main", 3, "a:81", false), Next());
            checker.SetAddresses("other", 3, [address.Serialize()]);
        }
        await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Empty(changes);
        log.Dispose();
        var said = lines.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, said.Length);
        Assert.Contains("destination is not healthy cluster=main destination=a:81", said[0]);
        Assert.Contains("no address", said[0]);
        Assert.Contains("destination is healthy cluster=main destination=a:81", said[1]);
        Assert.Contains("ConnectionRefused", said[2]);

        void Publish(string cluster, int index, string name, bool isHealthy) => changes.Add((cluster, index, name, isHealthy));

        (string, int, string, bool) Next()
        {
            Assert.True(changes.TryTake(out var change, TimeSpan.FromSeconds(30)), "nothing changes");
            return change;
        }
    }
}
