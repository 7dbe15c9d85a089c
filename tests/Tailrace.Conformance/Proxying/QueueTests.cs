using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Limits of what is in flight, and the queue before them.</summary>
public sealed class QueueTests
{
    public static TheoryData<EngineChoice, string> Limits =>
        [.. from engine in Scenario.Loops
            from limit in new[] { "requests_per_destination", "connections_per_destination", "requests", "connections" }
            select (engine, limit)];

    [Theory, MemberData(nameof(Limits))]
    public void Requests_wait_for_their_turn(EngineChoice engine, string limit) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Limited(limit, length: 100, TimeSpan.FromSeconds(30));
        var (inFlight, most) = (0, 0);
        using var go = new ManualResetEventSlim();
        scenario.AddOrigin(request =>
        {
            var now = Interlocked.Increment(ref inFlight);
            for (var seen = most; now > seen; seen = most) Interlocked.CompareExchange(ref most, now, seen);
            // Nobody makes room before all have come.
            go.Wait(30_000);
            Interlocked.Decrement(ref inFlight);
            return Reply.Of(request.Target);
        });
        var clients = Enumerable.Range(0, 20).Select(_ => scenario.Connect()).ToArray();
        for (var i = 0; i < clients.Length; i++) clients[i].Send(Reply.Get($"/{i}"));
        Wait.Until(() => scenario.Counters.UpstreamWaits == 18 && most == 2, "not all have come");
        go.Set();
        for (var i = 0; i < clients.Length; i++) Assert.Equal($"/{i}", clients[i].ReadAnswer().Text);
        Assert.Equal(2, most);
        Assert.Equal(18, scenario.Counters.UpstreamWaits);
        Assert.Equal(0, scenario.Counters.Answered5xx);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_queue_has_an_end_and_so_has_patience(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Limited("requests", length: 2, TimeSpan.FromMilliseconds(200));
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("slow");
        });
        var served = Enumerable.Range(0, 2).Select(_ => Send()).ToArray();
        Wait.Until(() => origin.Requests.Count == 2, "the requests have not arrived");
        var waiting = Enumerable.Range(0, 2).Select(_ => Send()).ToArray();
        Wait.Until(() => scenario.Counters.UpstreamWaits == 2, "nobody waits");
        Assert.Equal(503, scenario.Exchange(Reply.Get()).Status);
        foreach (var client in waiting) Assert.Equal(503, client.ReadAnswer().Status);
        go.Set();
        foreach (var client in served.Concat(waiting))
        {
            if (waiting.Contains(client)) client.Send(Reply.Get());
            Assert.Equal("slow", client.ReadAnswer().Text);
        }
        scenario.WaitForLog("no destination had room");

        Wire Send()
        {
            var client = scenario.Connect();
            client.Send(Reply.Get());
            return client;
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_that_leaves_makes_room_at_once(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Limited("requests", length: 1, TimeSpan.FromMinutes(5));
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("slow");
        });
        var served = Enumerable.Range(0, 2).Select(_ => scenario.Connect()).ToArray();
        foreach (var client in served) client.Send(Reply.Get());
        Wait.Until(() => origin.Requests.Count == 2, "the requests have not arrived");
        var waiting = scenario.Connect();
        waiting.Send(Reply.Get());
        Wait.Until(() => scenario.Counters.UpstreamWaits == 1, "nobody waits");
        waiting.Reset();
        Wait.Until(() => scenario.Counters.DownstreamAborts == 1, "it still waits");
        waiting = scenario.Connect();
        waiting.Send(Reply.Get());
        Wait.Until(() => scenario.Counters.UpstreamWaits == 2, "there is no room");
        go.Set();
        foreach (var client in served) Assert.Equal("slow", client.ReadAnswer().Text);
        Assert.Equal("slow", waiting.ReadAnswer().Text);
        Assert.Equal(3, origin.Requests.Count);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Without_a_queue_the_answer_is_503_at_once(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = Limited("requests");
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("slow");
        });
        var clients = Enumerable.Range(0, 2).Select(_ => scenario.Connect()).ToArray();
        foreach (var client in clients) client.Send(Reply.Get());
        Wait.Until(() => origin.Requests.Count == 2, "the requests have not arrived");
        Assert.Equal(503, scenario.Exchange(Reply.Get()).Status);
        scenario.WaitForLog("all destinations are full");
        go.Set();
        foreach (var client in clients) Assert.Equal("slow", client.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void One_that_is_sent_again_takes_what_is_free(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var pause = TimeSpan.FromSeconds(1);
        scenario.Cluster = new ClusterOptions
        {
            Limits = new ClusterLimits { RequestsPerDestination = 1 },
            Queue = new QueueOptions { Length = 10, Timeout = TimeSpan.FromMinutes(5) },
            Retry = new RetryOptions { Backoff = pause, BackoffMax = pause },
        };
        using var first = new ManualResetEventSlim();
        using var second = new ManualResetEventSlim();
        var (asked, arrived) = (0, 0);
        for (var i = 0; i < 2; i++)
        {
            scenario.AddOrigin(request =>
            {
                Interlocked.Increment(ref arrived);
                if (request.Target == "/first" && !first.Wait(30_000)) return Reply.Of("gave up");
                if (request.Target == "/second") second.Wait(30_000);
                return request.Target == "/sick" && Interlocked.Increment(ref asked) == 1
                    ? Reply.Of("sick", 503)
                    : Reply.Of(request.Target);
            });
        }
        var holder = Send("/first", until: () => arrived == 1);
        var again = Send("/sick", until: () => scenario.Counters.UpstreamRetries == 1);
        // While it pauses another one takes its place, and the other destination stays full.
        var other = Send("/second", until: () => arrived == 3);
        Wait.Until(() => scenario.Counters.UpstreamWaits == 1, "it does not wait");
        var behind = Send("/behind", until: () => scenario.Counters.UpstreamWaits == 2);
        second.Set();
        Assert.Equal("/second", other.ReadAnswer().Text);
        Assert.Equal("/sick", again.ReadAnswer().Text);
        Assert.Equal("/behind", behind.ReadAnswer().Text);
        first.Set();
        Assert.Equal("/first", holder.ReadAnswer().Text);

        Wire Send(string target, Func<bool> until)
        {
            var client = scenario.Connect();
            client.Send(Reply.Get(target));
            Wait.Until(until, $"{target} has not come so far");
            return client;
        }
    });

    private static ClusterOptions Limited(string limit, int length = 0, TimeSpan timeout = default) => new()
    {
        Limits = limit switch
        {
            "requests_per_destination" => new ClusterLimits { RequestsPerDestination = 2 },
            "connections_per_destination" => new ClusterLimits { ConnectionsPerDestination = 2 },
            "requests" => new ClusterLimits { Requests = 2 },
            _ => new ClusterLimits { Connections = 2 },
        },
        Queue = length == 0 ? new QueueOptions() : new QueueOptions { Length = length, Timeout = timeout },
    };
}
