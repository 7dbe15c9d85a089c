using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>What a client gets when there is no good answer: 502, 503, 504, or a stream that visibly breaks.</summary>
public sealed class UpstreamFailureTests
{
    public static TheoryData<string> NotHttp =>
    [
        "\r\n\r\n\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        $"HTTP/1.1 200 OK\r\nConnection: {string.Join(',', Enumerable.Repeat('q', 5200))}\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: " + new string('x', 13_000) + "\r\n\r\n",
    ];

    /// <summary>Answers that end too early however they are framed, each with the length of its head.</summary>
    public static TheoryData<EngineChoice, string> Whole =>
        [.. from engine in Scenario.Loops
            from answer in new[]
            {
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n",
            }
            select (engine, answer)];

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Nobody_listens(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var nobody = $"127.0.0.1:{Silence.UnusedPort()}";
        scenario.AddDestination($"http://{nobody}");
        using var client = scenario.Connect();
        for (var i = 0; i < 3; i++)
        {
            client.Send(Reply.Get());
            Assert.Equal("502 Bad Gateway\n", client.ReadAnswer().Text);
        }
        Assert.Equal(3, scenario.Counters.UpstreamConnectErrors);
        scenario.WaitForLog($"connect refused about={nobody}");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Why_a_Unix_socket_is_not_reached_is_logged(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "back"));
        scenario.AddDestination($"unix:{path}");
        Assert.Equal(502, scenario.Exchange(Reply.Get()).Status);
        scenario.WaitForLog("connect failed: its socket does not exist");
        using (var other = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified))
        {
            other.Bind(path);
            Assert.Equal(502, scenario.Exchange(Reply.Get()).Status);
            scenario.WaitForLog("connect failed: its socket is of another type");
        }
        folder.Delete(recursive: true);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Nobody_answers_the_connect(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with
        {
            Timeouts = new ClusterTimeouts { Connect = TimeSpan.FromMilliseconds(150) },
        };
        using var silent = new FullListener();
        scenario.AddDestination($"http://{silent.Address}");
        Assert.Equal(504, scenario.Exchange(Reply.Get()).Status);
        Assert.Equal(1, scenario.Counters.UpstreamTimeouts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Nobody_answers_the_request(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with
        {
            Timeouts = new ClusterTimeouts { FirstByte = TimeSpan.FromMilliseconds(100) },
        };
        scenario.AddOrigin(wire => wire.ReadToEnd());
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Assert.Equal("504 Gateway Timeout\n", client.ReadAnswer().Text);
        client.Send(Reply.Post("body"));
        Assert.Equal(504, client.ReadAnswer().Status);
        Assert.Equal(2, scenario.Counters.UpstreamTimeouts);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_answer_stops_half_way(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with
        {
            Timeouts = new ClusterTimeouts { Idle = TimeSpan.FromMilliseconds(100) },
        };
        scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            wire.ReadToEnd();
        });
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
        Assert.Equal(1, scenario.Counters.UpstreamTimeouts);
    });

    [Theory, MemberData(nameof(NotHttp))]
    public void What_comes_is_not_HTTP(string garbage)
    {
        foreach (var engine in Scenario.Loops)
        {
            Scenario.Run(engine, scenario =>
            {
                scenario.AddOrigin(wire =>
                {
                    wire.ReadRequest();
                    wire.Send(garbage);
                    wire.ReadToEnd();
                });
                using var client = scenario.Connect();
                client.Send(Reply.Get());
                Assert.Equal(502, client.ReadAnswer().Status);
                client.Send(Reply.Get());
                Assert.Equal(502, client.ReadAnswer().Status);
            });
        }
    }

    [Theory, MemberData(nameof(Whole))]
    public void The_origin_dies_at_any_byte(EngineChoice engine, string answer) => Scenario.Run(engine, scenario =>
    {
        var (length, isReset) = (0, false);
        scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.Send(answer[..length]);
            if (isReset) wire.Reset();
        });
        var head = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        for (length = 0; length < answer.Length; length++)
        {
            isReset = !isReset;
            using var client = Wire.Connect(scenario.Address);
            client.Send(Reply.Get());
            // A reset may overtake what was sent before it.
            if (length < head) Assert.Equal(502, client.ReadAnswer().Status);
            else if (!isReset) Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
            else AssertBroken(client);
        }
        isReset = false;
        Assert.Equal(200, scenario.Exchange(Reply.Get()).Status);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_that_reads_until_the_end_sees_a_reset(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        });
        using var client = scenario.Connect();
        client.Send("GET / HTTP/1.0\r\n\r\n");
        client.ExpectReset();
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_chunk_that_breaks_the_rules_breaks_the_answer(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            wire.ReadRequest();
            wire.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
            wire.ReadToEnd();
        });
        using var client = scenario.Connect();
        client.Send(Reply.Get());
        Assert.ThrowsAny<IOException>(() => client.ReadAnswer());
        Assert.Equal(1, scenario.Counters.UpstreamErrors);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void No_destination_has_an_address(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddDestination("http://no-such-host.invalid:80");
        Assert.Equal(503, scenario.Exchange(Reply.Get()).Status);
        scenario.WaitForLog("cannot resolve a destination");
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_connection_cap_is_reached(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Limits = new ClusterLimits { ConnectionsPerDestination = 1 } };
        using var go = new ManualResetEventSlim();
        var origin = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("slow");
        });
        using var first = scenario.Connect();
        first.Send(Reply.Get());
        Wait.Until(() => origin.Requests.Count == 1, "the request has not arrived");
        Assert.Equal("503 Service Unavailable\n", scenario.Exchange(Reply.Get()).Text);
        go.Set();
        Assert.Equal("slow", first.ReadAnswer().Text);
        Assert.Equal("slow", scenario.Exchange(Reply.Get()).Text);
    });

    private static void AssertBroken(Wire client)
    {
        try
        {
            var answer = client.ReadAnswer();
            Assert.Equal(502, answer.Status);
        }
        catch (IOException)
        {
            // It broke off after its head.
        }
    }
}
