using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
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
        var settings = new CheckSettings
        {
            IsHttp = false,
            Interval = TimeSpan.FromMilliseconds(2),
            JitterPercent = 50,
        };
        using (var checker = new HealthChecker([new("main", 3, "a:81", settings)], Publish, log))
        {
            checker.Start();
            // It has no address yet.
            Assert.Equal(("main", 3, "a:81", false), Next());
            // Nobody else gets the port when nobody listens any more.
            using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var listener = new TcpListener((IPEndPoint)holder.LocalEndPoint!);
            listener.Start();
            var address = (IPEndPoint)listener.LocalEndpoint;
            // A name is as good as the best of its addresses.
            var other = new IPEndPoint(IPAddress.Parse("127.0.0.9"), 1);
            checker.SetAddresses("main", 3, [other.Serialize(), address.Serialize()]);
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

        void Publish(string cluster, int index, string name, bool isHealthy) =>
            changes.Add((cluster, index, name, isHealthy));

        (string, int, string, bool) Next()
        {
            Assert.True(changes.TryTake(out var change, TimeSpan.FromSeconds(30)), "nothing changes");
            return change;
        }
    }

    [Fact]
    public void An_address_that_no_socket_can_be_had_for_is_bad_until_there_is_another()
    {
        using var rig = new Rig();
        var address = new NoSocketEndPoint(new SocketException((int)SocketError.AddressFamilyNotSupported));
        rig.Target.Addresses = [address];
        rig.Checker.Start();
        Assert.False(rig.Next());
        // A name may have others.
        rig.Target.Addresses = [address, rig.Origin];
        Assert.True(rig.Next());
        Assert.Equal(["destination is not healthy AddressFamilyNotSupported", "destination is healthy"], rig.Said());
    }

    [Fact]
    public async Task A_want_of_our_own_leaves_the_state_as_it_is_and_is_told_once()
    {
        using var rig = new Rig();
        var address = new NoSocketEndPoint(new SocketException((int)SocketError.TooManyOpenSockets));
        rig.Target.Addresses = [address];
        rig.Checker.Start();
        await address.Second.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        // That one of the addresses is bad says nothing of those that nothing is known of.
        var second = new NoSocketEndPoint(new SocketException((int)SocketError.TooManyOpenSockets));
        rig.Target.Addresses = [rig.Nowhere, second];
        await second.Second.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        rig.Target.Addresses = [rig.Nowhere];
        Assert.False(rig.Next());
        rig.Target.Addresses = [rig.Origin];
        Assert.True(rig.Next());
        Assert.Equal(
            [
                "cannot check a destination, its state stays no descriptor left",
                "destination is not healthy ConnectionRefused", "destination is healthy",
            ],
            rig.Said());
    }

    [Fact]
    public void Nobody_who_listens_ends_the_checks()
    {
        using var rig = new Rig(failures: 1);
        rig.Target.Addresses = [rig.Nowhere];
        rig.Checker.Start();
        Assert.False(rig.Next());
        rig.Target.Addresses = [rig.Origin];
        Assert.True(rig.Next());
        Assert.Equal(
            [
                "destination is not healthy ConnectionRefused",
                "cannot tell whether a destination is healthy nobody listens", "destination is healthy",
            ],
            rig.Said());
    }

    [Fact]
    public async Task A_Unix_socket_is_asked_by_the_usual_host()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        var log = new Log(LogLevel.Info, LogFormat.Text, TextWriter.Null);
        var changes = new BlockingCollection<bool>();
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            var address = new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "a.sock"));
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(address);
            listener.Listen();
            var settings = new CheckSettings { Interval = TimeSpan.FromMilliseconds(2), Rise = 1 };
            var target = new HealthChecker.Target("main", 0, $"unix:{address}", settings);
            using var checker = new HealthChecker([target], (_, _, _, isHealthy) => changes.Add(isHealthy, stop), log);
            checker.Start();
            // It has no address yet.
            Assert.False(Next());
            checker.SetAddresses("main", 0, [address.Serialize()]);
            using Socket client = await listener.AcceptAsync(stop);
            var request = new byte[1024];
            int length = await client.ReceiveAsync(request, stop);
            Assert.Contains("\r\nHost: localhost\r\n", Encoding.ASCII.GetString(request, 0, length));
            await client.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), stop);
            client.Shutdown(SocketShutdown.Send);
            Assert.True(Next());
        }
        finally
        {
            folder.Delete(recursive: true);
            log.Dispose();
        }

        bool Next()
        {
            Assert.True(changes.TryTake(out bool isHealthy, TimeSpan.FromSeconds(30)), "nothing changes");
            return isHealthy;
        }
    }

    /// <summary>A checker of one destination, an origin that accepts connections, and a port where there is none.
    /// </summary>
    private sealed class Rig : IDisposable
    {
        private readonly BlockingCollection<bool> _changes = [];
        private readonly StringWriter _lines = new();
        private readonly Log _log;
        private readonly TcpListener _origin = new(IPAddress.Loopback, 0);
        private readonly Socket _bound = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private int _failures;

        internal Rig(int failures = 0)
        {
            _failures = failures;
            _log = new Log(LogLevel.Info, LogFormat.Text, _lines);
            _origin.Start();
            _bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var settings = new CheckSettings
            {
                IsHttp = false,
                Interval = TimeSpan.FromMilliseconds(2),
                Timeout = TimeSpan.FromMinutes(1),
            };
            Target = new HealthChecker.Target("main", 0, "a:81", settings);
            Checker = new HealthChecker([Target], Publish, _log);
        }

        internal HealthChecker Checker { get; }

        internal HealthChecker.Target Target { get; }

        internal EndPoint Origin => _origin.LocalEndpoint;

        internal EndPoint Nowhere => _bound.LocalEndPoint!;

        /// <summary>What the destination has become.</summary>
        internal bool Next()
        {
            Assert.True(_changes.TryTake(out var isHealthy, TimeSpan.FromSeconds(30)), "nothing changes");
            return isHealthy;
        }

        /// <summary>What was logged: messages and reasons.</summary>
        internal IEnumerable<string> Said()
        {
            Checker.Dispose();
            _log.Dispose();
            return _lines.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries)[2]
                    .Replace(" cluster=main destination=a:81", "").Replace("reason=", "").Replace("\"", ""));
        }

        public void Dispose()
        {
            Checker.Dispose();
            _log.Dispose();
            _origin.Stop();
            _bound.Dispose();
        }

        private void Publish(string cluster, int index, string name, bool isHealthy)
        {
            _changes.Add(isHealthy);
            if (_failures-- > 0) throw new InvalidOperationException("nobody listens");
        }
    }
}
