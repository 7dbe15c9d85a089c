using System.Net;
using System.Net.Sockets;
using System.Text;
using Tailrace.Config;
using Tailrace.Conformance.Support;
using Tailrace.Hosting;
using Tailrace.Telemetry;
using Tailrace.Tests.Telemetry;

namespace Tailrace.Conformance.Serving;

/// <summary>The admin listener: metrics and health, beside whatever the workers do.</summary>
public sealed class AdminTests
{
    private static readonly AdminOptions s_admin = new() { Address = "127.0.0.1:0" };

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Metrics_tell_what_was_counted(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Admin = s_admin, Workers = 2 };
        scenario.Listener = scenario.Listener with { Name = "a \"b\" \\c" };
        var origin = scenario.AddOrigin(request => Reply.Of("yes"));
        for (var i = 0; i < 3; i++) Assert.Equal("yes", scenario.Exchange(Reply.Get()).Text);
        Assert.Equal(400, scenario.Exchange("GET / HTTP/1.1\r\n\r\n").Status);
        scenario.WaitUntilIdle();

        var metrics = Metrics(scenario);
        var name = engine == EngineChoice.IoUring ? "io_uring" : $"{engine}".ToLowerInvariant();
        var version = typeof(Server).Assembly.GetName().Version!.ToString(3);
        Assert.Equal(1, metrics[$"tailrace_build_info{{version=\"{version}\",engine=\"{name}\"}}"]);
        Assert.Equal((2, 0), (metrics["tailrace_workers"], metrics["tailrace_draining"]));
        Assert.Equal((3, 4), (metrics.Sum("tailrace_requests_total"), metrics.Sum("tailrace_connections_total")));
        Assert.Equal(3, Enumerable.Range(0, 2).Sum(i => metrics[$"tailrace_responses_total{{worker=\"{i}\",code=\"2xx\"}}"]));
        Assert.Equal(1, Enumerable.Range(0, 2).Sum(i => metrics[$"tailrace_responses_total{{worker=\"{i}\",code=\"4xx\"}}"]));
        Assert.Equal(4, metrics["""tailrace_listener_connections_total{listener="a \"b\" \\c"}"""]);
        var destination = $"{{cluster=\"origins\",destination=\"{origin.Address}\"}}";
        Assert.Equal(3, metrics["tailrace_destination_requests_total" + destination]);
        Assert.Equal(1, metrics["tailrace_destination_healthy" + destination]);
        Assert.Equal(0, metrics["tailrace_cluster_waiting_requests{cluster=\"origins\"}"]);
        Assert.True(metrics["process_cpu_seconds_total"] > 0 && metrics["process_resident_memory_bytes"] > 1 << 20);
        Assert.DoesNotContain("tailrace_listener_tcp_connections_total", metrics.Types.Keys);

        // The admin listener's own requests are none of the workers'.
        Assert.Equal(3, Metrics(scenario).Sum("tailrace_requests_total"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Open_streams_are_told_as_they_stand(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Admin = s_admin };
        scenario.Listener = scenario.Listener with { Protocol = ListenerProtocol.Tcp, Cluster = "origins" };
        var origin = scenario.AddOrigin(wire =>
        {
            wire.Send(Encoding.ASCII.GetString(wire.ReadExactly(5)));
            wire.ReadToEnd();
        });
        var client = scenario.Connect();
        client.Send("hello");
        Assert.Equal("hello", Encoding.ASCII.GetString(client.ReadExactly(5)));

        var metrics = Metrics(scenario);
        Assert.Equal(5, metrics["tailrace_listener_tcp_bytes_total{listener=\"main\",direction=\"upstream\"}"]);
        var destination = $"cluster=\"origins\",destination=\"{origin.Address}\"";
        Assert.Equal(5, metrics[$"tailrace_destination_tcp_bytes_total{{{destination},direction=\"downstream\"}}"]);
        Assert.Equal(1, metrics[$"tailrace_destination_tcp_active_connections{{{destination}}}"]);
        Assert.Equal(1, metrics.Sum("tailrace_tcp_state_connections"));
        client.Dispose();
        Wait.Until(() => scenario.Counters.Active == 0, "the connection is open");
        Assert.Equal(1, Metrics(scenario).Sum("tailrace_listener_tcp_ended_connections_total"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_worker_that_is_busy_keeps_nobody_waiting(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Admin = s_admin };
        scenario.Listener = scenario.Listener with { Protocol = ListenerProtocol.Tcp, Cluster = "origins" };
        scenario.AddOrigin(wire => wire.ReadToEnd());
        using var go = new ManualResetEventSlim();
        using var isBusy = new ManualResetEventSlim();
        scenario.Server.Workers[0].Reactor.Loop.Post(() =>
        {
            isBusy.Set();
            go.Wait();
        });
        isBusy.Wait();
        // It would have to say how its streams stand; it comes to that only when both pages have been answered.
        try
        {
            Assert.Equal(1, Metrics(scenario)["tailrace_workers"]);
            Assert.Equal((200, "serving\n"), Ask(scenario, "GET", "/health"));
        }
        finally
        {
            go.Set();
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_process_that_drains_leaves_the_address_to_its_successor(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Admin = s_admin };
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("finished");
        });
        var client = scenario.Connect();
        client.Send(Reply.Get());
        Wait.Until(() => origin.Requests.Count == 1, "the request has not arrived");
        var admin = (IPEndPoint)scenario.Server.AdminAddress!;
        using var open = Wire.Connect(admin);
        open.Send(Reply.Get("/health"));
        Assert.Equal((200, "serving\n"), StatusAndText(open.ReadAnswer()));
        using var scraper = Wire.Connect(admin);
        scraper.Send(Reply.Get("/health"));
        scraper.ReadAnswer();
        using var mistaken = Wire.Connect(admin);
        mistaken.Send(Reply.Get("/health"));
        mistaken.ReadAnswer();

        var stopping = new Thread(() => scenario.StopAndCheck());
        stopping.Start();
        Wait.Until(() => scenario.Server.IsStopping, "it does not stop");
        // Whoever is connected is told once more; the next question is for the successor.
        open.Send(Reply.Get("/health"));
        var answer = open.ReadAnswer();
        Assert.Equal((503, "draining\n"), StatusAndText(answer));
        Assert.Equal("close", answer.Field("Connection"));
        open.ExpectEnd();
        scraper.Send(Reply.Get("/metrics"));
        Assert.Equal(1, PrometheusText.Parse(scraper.ReadAnswer().Body)["tailrace_draining"]);
        scraper.ExpectEnd();
        mistaken.Send(Reply.Get("/nothing"));
        Assert.Equal(404, mistaken.ReadAnswer().Status);
        mistaken.ExpectEnd();
        Wait.Until(() => !IsListening(admin), "it listens");
        using var log = new Log(LogLevel.Error, output: TextWriter.Null);
        var options = new TailraceOptions
        {
            Engine = engine,
            Workers = 1,
            Admin = new AdminOptions { Address = $"{admin}" },
            Listeners = [new ListenerOptions { Address = "127.0.0.1:0" }],
            Routes = [new RouteOptions { Respond = new RespondOptions() }],
        };
        using (var successor = new Server(options, log))
        {
            successor.Start();
            Assert.Equal((200, "serving\n"), Ask(admin, "GET", "/health"));
        }
        go.Set();
        Assert.Equal("finished", client.ReadAnswer().Text);
        stopping.Join();
        Assert.Throws<SocketException>(() => Wire.Connect(admin));
        Assert.Null(scenario.Server.AdminAddress);
    });

    [Fact]
    public void Only_what_it_has_is_answered() => Scenario.Run(EngineChoice.Epoll, scenario =>
    {
        scenario.Options = scenario.Options with { Admin = s_admin };
        Assert.Equal((404, "There is no such page. There are /metrics and /health.\n"), Ask(scenario, "GET", "/"));
        Assert.Equal((405, ""), Ask(scenario, "POST", "/metrics"));
        Assert.Equal((200, ""), Ask(scenario, "HEAD", "/metrics"));
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8",
            Fetch((IPEndPoint)scenario.Server.AdminAddress!, "GET", "/metrics").Field("Content-Type"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_start_line_says_where(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Admin = s_admin };
        var address = scenario.Server.AdminAddress;
        scenario.WaitForLog("started");
        Assert.Contains($"metrics=http://{address}/metrics", Assert.Single(scenario.Log.With("started")));
    });

    [Fact]
    public void An_address_that_is_taken_is_named_and_nothing_stays_open()
    {
        var descriptors = Descriptors.Count();
        using (var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            holder.Listen();
            using var server = new Server(new TailraceOptions
            {
                Engine = EngineChoice.Epoll,
                Workers = 1,
                Admin = new AdminOptions { Address = holder.LocalEndPoint!.ToString()! },
                Listeners = [new ListenerOptions { Address = "127.0.0.1:0" }],
                Routes = [new RouteOptions { Respond = new RespondOptions() }],
            });
            var failure = Assert.Throws<StartException>(server.Start);
            Assert.StartsWith($"cannot listen on {holder.LocalEndPoint}: the address is in use", failure.Message);
        }
        Wait.Until(() => Descriptors.Count() <= descriptors, "descriptors are open");
    }

    private static PrometheusText Metrics(Scenario scenario) =>
        PrometheusText.Parse(Fetch((IPEndPoint)scenario.Server.AdminAddress!, "GET", "/metrics").Body);

    private static (int Status, string Text) Ask(Scenario scenario, string method, string path) =>
        Ask((IPEndPoint)scenario.Server.AdminAddress!, method, path);

    private static (int Status, string Text) Ask(IPEndPoint address, string method, string path) =>
        StatusAndText(Fetch(address, method, path));

    private static bool IsListening(IPEndPoint address)
    {
        try
        {
            using var client = Wire.Connect(address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static (int Status, string Text) StatusAndText(Message answer) => (answer.Status, answer.Text);

    private static Message Fetch(IPEndPoint address, string method, string path)
    {
        using var client = Wire.Connect(address);
        client.Send($"{method} {path} HTTP/1.1\r\nHost: admin\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return client.ReadAnswer(method == "HEAD");
    }
}
