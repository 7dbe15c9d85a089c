using Tailrace.Config;

namespace Tailrace.Tests.Config;

public sealed class ConfigReaderTests
{
    private const string Smallest = """
        listeners:
          - address: 127.0.0.1:8080
        routes:
          - cluster: app
        clusters:
          app:
            destinations: ["http://127.0.0.1:9001"]
        """;

    [Fact]
    public void The_smallest_configuration_has_the_defaults_of_the_records()
    {
        TailraceOptions options = Yaml.Options(Smallest);

        var listener = new ListenerOptions { Address = "127.0.0.1:8080" };
        Assert.Equal(listener.ToString(), options.Listeners.Single().ToString());
        Assert.Equal(new BufferOptions(), options.Buffers);
        Assert.Equal(new AccessLogOptions(), options.AccessLog);
        Assert.Equal(0, options.Workers);
        Assert.Equal("app", options.Routes.Single().Cluster);
        Assert.Equal(
            new DestinationOptions { Address = "http://127.0.0.1:9001" },
            options.Clusters["app"].Destinations.Single());
        Assert.Equal(new ClusterTimeouts(), options.Clusters["app"].Timeouts);
    }

    [Fact]
    public void Values_of_the_process_arrive_where_they_belong()
    {
        TailraceOptions options = Yaml.Options(Smallest + """

            workers: 3
            pin: true
            engine: io_uring
            events_per_wait: 7
            log: {level: debug, format: json}
            access_log: {format: common, path: /tmp/x, queue: 64}
            shutdown: {grace: 0s}
            resolve: {interval: 5m}
            buffers: {block: 32KiB, bulk_block: 100KB, max: 1GiB, pipes: 12, socket: 64KiB}
            """);

        Assert.Equal(
            (3, true, EngineChoice.IoUring, 7),
            (options.Workers, options.Pin, options.Engine, options.EventsPerWait));
        Assert.Equal(new LogOptions { Level = LogLevel.Debug, Format = LogFormat.Json }, options.Log);
        Assert.Equal(
            new AccessLogOptions { Format = AccessLogFormat.Common, Path = "/tmp/x", Queue = 64 },
            options.AccessLog);
        Assert.Equal(TimeSpan.Zero, options.Shutdown.Grace);
        Assert.Equal(TimeSpan.FromMinutes(5), options.Resolve.Interval);
        var buffers = new BufferOptions
        {
            Block = 32768,
            BulkBlock = 100_000,
            Max = 1L << 30,
            Pipes = 12,
            Socket = 65536,
        };
        Assert.Equal(buffers, options.Buffers);
    }

    [Fact]
    public void Values_of_a_listener_arrive_where_they_belong()
    {
        ListenerOptions listener = Yaml.Options("""
            listeners:
              - name: n
                address: "[::1]:1"
                protocol: http
                backlog: 11
                accept: handoff
                defer_accept: false
                max_connections: 12
                requests_per_connection: 13
                expect: answer
                trace: true
                paths: {dot_segments: reject, encoded_slashes: reject}
                timeouts: {head: 1s, body: 2s, keep_alive: 3s, write: 4ms, tunnel_idle: 5m}
                limits: {head: 10KiB, headers: 14, target: 1KiB, body: 5GiB}
                forwarded: {x_forwarded: set, forwarded: append, via: true}
                routes:
                  - respond: {status: 503, body: no, content_type: text/html}
            """).Listeners.Single();

        Assert.Equal(
            ("n", "[::1]:1", ListenerProtocol.Http, 11, 12, 13L),
            (listener.Name, listener.Address, listener.Protocol, listener.Backlog, listener.MaxConnections,
                listener.RequestsPerConnection));
        Assert.Equal((AcceptMode.Handoff, false), (listener.Accept, listener.DeferAccept));
        Assert.Equal((ExpectMode.Answer, true), (listener.Expect, listener.Trace));
        Assert.Equal(
            new PathOptions { DotSegments = OddPathMode.Reject, EncodedSlashes = OddPathMode.Reject },
            listener.Paths);
        Assert.Equal(new ListenerTimeouts
        {
            Head = TimeSpan.FromSeconds(1),
            Body = TimeSpan.FromSeconds(2),
            KeepAlive = TimeSpan.FromSeconds(3),
            Write = TimeSpan.FromMilliseconds(4),
            TunnelIdle = TimeSpan.FromMinutes(5),
        }, listener.Timeouts);
        Assert.Equal(
            new ListenerLimits { Head = 10240, Headers = 14, Target = 1024, Body = 5L << 30 },
            listener.Limits);
        Assert.Equal(
            new ForwardedOptions { XForwarded = ForwardedMode.Set, Forwarded = ForwardedMode.Append, Via = true },
            listener.Forwarded);
        Assert.Equal(
            new RespondOptions { Status = 503, Body = "no", ContentType = "text/html" },
            listener.Routes.Single().Respond);
    }

    [Fact]
    public void Values_of_a_forward_proxy_arrive_where_they_belong()
    {
        ListenerOptions listener = Yaml.Options("""
            listeners:
              - address: ":1"
                protocol: forward
                forward_proxy:
                  hosts: "*.a.example"
                  ports: [81, 82]
                  allow: 10.0.0.0/8
                  deny: [10.1.0.0/16, "fd00::/8"]
                  timeouts: {connect: 1s, first_byte: 2s, idle: 3s}
            """).Listeners.Single();

        ForwardProxyOptions proxy = listener.ForwardProxy!;
        Assert.Equal(ListenerProtocol.Forward, listener.Protocol);
        Assert.Equal(["*.a.example"], proxy.Hosts);
        Assert.Equal([81, 82], proxy.Ports);
        Assert.Equal(["10.0.0.0/8"], proxy.Allow);
        Assert.Equal(["10.1.0.0/16", "fd00::/8"], proxy.Deny);
        Assert.Equal(
            new ClusterTimeouts
            {
                Connect = TimeSpan.FromSeconds(1),
                FirstByte = TimeSpan.FromSeconds(2),
                Idle = TimeSpan.FromSeconds(3),
            },
            proxy.Timeouts);
    }

    [Fact]
    public void Values_of_routes_arrive_where_they_belong()
    {
        IReadOnlyList<RouteOptions> routes = Yaml.Options("""
            listeners: [{address: ":1"}]
            routes:
              - name: r
                match: {host: "*.a.example", path_prefix: /p}
                cluster: c
                host_header: origin.example
                upgrade: [tcp, SPDY/3.1]
              - match: {host: [x.example, 10.0.0.1], path: /q}
                cluster: c
            clusters: {c: {destinations: ["http://a.example"]}}
            """).Routes;

        Assert.Equal(("r", "c", "origin.example"), (routes[0].Name, routes[0].Cluster, routes[0].HostHeader));
        Assert.Equal(("", "/p"), (routes[0].Match.Path, routes[0].Match.PathPrefix));
        Assert.Equal(["*.a.example"], routes[0].Match.Host);
        Assert.Equal(["tcp", "SPDY/3.1"], routes[0].Upgrade);
        Assert.Equal(["websocket"], routes[1].Upgrade);
        Assert.Equal(["x.example", "10.0.0.1"], routes[1].Match.Host);
        Assert.Equal(("/q", "", "keep"), (routes[1].Match.Path, routes[1].Match.PathPrefix, routes[1].HostHeader));
    }

    [Fact]
    public void Values_of_a_cluster_arrive_where_they_belong()
    {
        ClusterOptions cluster = Yaml.Options("""
            listeners: [{address: ":1"}]
            routes: [{cluster: c}]
            clusters:
              c:
                destinations:
                  - {address: "http://a.example:81", weight: 9, priority: 3}
                balance: hash
                hash: {key: cookie, name: user, load_bound: 125}
                sticky: {cookie: home, max_age: 1h, secure: true}
                slow_start: 20s
                queue: {length: 7, timeout: 2s}
                retries: 2
                timeouts: {connect: 1s, first_byte: 2m, idle: 3h}
                limits:
                  {connections_per_destination: 5, requests_per_destination: 4, connections: 3, requests: 2,
                   head: 6KiB, headers: 7}
                pool: {idle_per_destination: 8, idle_timeout: 9s}
            """).Clusters["c"];

        Assert.Equal(
            new DestinationOptions { Address = "http://a.example:81", Weight = 9, Priority = 3 },
            cluster.Destinations.Single());
        Assert.Equal((BalancePolicy.Hash, 2), (cluster.Balance, cluster.Retries));
        Assert.Equal(new HashOptions { Key = HashKey.Cookie, Name = "user", LoadBound = 125 }, cluster.Hash);
        Assert.Equal(
            new StickyOptions { Cookie = "home", MaxAge = TimeSpan.FromHours(1), Secure = true }, cluster.Sticky);
        Assert.Equal(TimeSpan.FromSeconds(20), cluster.SlowStart);
        Assert.Equal(new QueueOptions { Length = 7, Timeout = TimeSpan.FromSeconds(2) }, cluster.Queue);
        Assert.Equal(new ClusterTimeouts
        {
            Connect = TimeSpan.FromSeconds(1),
            FirstByte = TimeSpan.FromMinutes(2),
            Idle = TimeSpan.FromHours(3),
        }, cluster.Timeouts);
        Assert.Equal(new ClusterLimits
        {
            ConnectionsPerDestination = 5,
            RequestsPerDestination = 4,
            Connections = 3,
            Requests = 2,
            Head = 6144,
            Headers = 7,
        }, cluster.Limits);
        Assert.Equal(
            new PoolOptions { IdlePerDestination = 8, IdleTimeout = TimeSpan.FromSeconds(9) },
            cluster.Pool);
    }

    [Fact]
    public void Every_key_of_health_is_read()
    {
        HealthOptions health = Yaml.Options("""
            listeners: [{address: ":1"}]
            routes: [{cluster: c}]
            clusters:
              c:
                destinations: ["http://a.example"]
                health:
                  check:
                    {type: http, path: /up, host: "b.example:9", status: [200, 204], body: fine, interval: 1s, jitter: 5,
                     timeout: 100ms, rise: 4, fall: 6}
                  eject:
                    {failures: 1, error_rate: 2, latency: 300, interval: 4s, requests: 5, time: 6s, time_max: 7s,
                     share_max: 8}
                  panic: 9
            """).Clusters["c"].Health;

        Assert.Equal([200, 204], health.Check!.Status);
        Assert.Equal(new CheckOptions
        {
            Type = CheckType.Http,
            Path = "/up",
            Host = "b.example:9",
            Body = "fine",
            Interval = TimeSpan.FromSeconds(1),
            Jitter = 5,
            Timeout = TimeSpan.FromMilliseconds(100),
            Rise = 4,
            Fall = 6,
        }, health.Check with { Status = new CheckOptions().Status });
        Assert.Equal(new EjectOptions
        {
            Failures = 1,
            ErrorRate = 2,
            Latency = 300,
            Interval = TimeSpan.FromSeconds(4),
            Requests = 5,
            Time = TimeSpan.FromSeconds(6),
            TimeMax = TimeSpan.FromSeconds(7),
            ShareMax = 8,
        }, health.Eject);
        Assert.Equal(9, health.Panic);
    }

    [Fact]
    public void Json_is_read_too()
    {
        TailraceOptions options = Yaml.Options("""
            {
              "workers": 2,
              "pin": true,
              "listeners": [{ "address": ":8080", "timeouts": { "head": "5s" }, "limits": { "body": 1048576 } }],
              "routes": [{ "match": { "path": "/a" }, "respond": { "body": "a\tb\u00e9" } }]
            }
            """);

        Assert.Equal(2, options.Workers);
        Assert.Equal(TimeSpan.FromSeconds(5), options.Listeners[0].Timeouts.Head);
        Assert.Equal(1 << 20, options.Listeners[0].Limits.Body);
        Assert.Equal("a\tb\u00e9", options.Routes[0].Respond!.Body);
    }

    [Fact]
    public void A_section_without_a_value_has_its_defaults()
    {
        TailraceOptions options = Yaml.Options(Smallest + "\nlog:\nbuffers: ~\n");
        Assert.Equal(new BufferOptions(), options.Buffers);
    }

    [Fact]
    public void An_alias_repeats_a_value_and_errors_point_to_the_value()
    {
        TailraceOptions options = Yaml.Options("""
            listeners:
              - {address: ":1", timeouts: &slow {head: 40s}}
              - {address: ":2", timeouts: *slow}
            routes: [{respond: {}}]
            """);
        Assert.Equal(TimeSpan.FromSeconds(40), options.Listeners[1].Timeouts.Head);
    }

    [Fact]
    public void Options_from_a_file_with_errors_still_hold_what_could_be_read()
    {
        ConfigResult result = Yaml.Read(Smallest + "\nworkers: 4\npin: perhaps\n");
        Assert.Single(result.Errors);
        Assert.Equal(4, result.Options.Workers);
    }
}
