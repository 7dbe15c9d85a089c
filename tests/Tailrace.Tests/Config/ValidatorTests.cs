using System.Net;
using Tailrace.Config;

namespace Tailrace.Tests.Config;

/// <summary>Options that were built in C#: the same rules, with paths instead of lines.</summary>
public sealed class ValidatorTests
{
    private static readonly TailraceOptions s_valid = new()
    {
        Listeners = [new ListenerOptions { Address = "127.0.0.1:8080" }],
        Routes = [new RouteOptions { Cluster = "app" }],
        Clusters = new Dictionary<string, ClusterOptions>
        {
            ["app"] = new()
            {
                Destinations = ["http://127.0.0.1:9001", new() { Address = "http://b.example", Weight = 3 }],
            },
        },
    };

    [Fact]
    public void Valid_options_have_no_problems() => Assert.Empty(Validator.Validate(s_valid));

    [Fact]
    public void Values_out_of_range_are_reported_with_their_path()
    {
        TailraceOptions options = s_valid with
        {
            Workers = -1,
            Engine = (EngineChoice)77,
            Listeners =
            [
                new ListenerOptions
                {
                    Address = "127.0.0.1:8080",
                    Timeouts = new ListenerTimeouts { Head = TimeSpan.FromDays(2) },
                },
            ],
        };

        Assert.Equal(
            [
                "workers: expected 'auto' or a number from 1 to 1024; found -1",
                "engine: expected auto, epoll, io_uring or portable; found 77",
                "listeners[0].timeouts.head: "
                + "expected a duration from 1ms to 24h, such as 500ms, 10s, 1m or 1h; found 48h",
            ],
            Validator.Validate(options).Select(p => p.ToString()));
    }

    [Fact]
    public void Problems_between_values_are_reported_with_their_path()
    {
        TailraceOptions options = s_valid with { Routes = [new RouteOptions { Cluster = "apps" }] };
        ConfigProblem problem = Assert.Single(Validator.Validate(options));
        Assert.Equal("routes[0].cluster", problem.Path);
        Assert.Equal("there is no cluster 'apps'; did you mean 'app'?", problem.Message);
    }

    [Fact]
    public void A_listener_without_routes_is_fine_when_code_answers()
    {
        TailraceOptions options = s_valid with { Routes = [] };
        Assert.Single(Validator.Validate(options));
        Assert.Empty(Validator.Validate(options, hasHandlers: true));
    }

    [Fact]
    public void The_clients_of_Unix_sockets_may_be_named_among_addresses()
    {
        string[] clients = ["10.0.0.0/8", "unix"];
        ListenerOptions listener = s_valid.Listeners[0] with
        {
            Address = "unix:/run/a.sock",
            Allow = clients,
            Deny = ["10.1.0.0/16", "unix"],
            ProxyProtocol = new ProxyProtocolOptions { Accept = ProxyProtocolMode.Optional, Trusted = ["unix"] },
        };
        Assert.Empty(Validator.Validate(s_valid with { Listeners = [listener] }));
    }

    [Fact]
    public void What_rests_on_a_wrong_value_is_not_reported_again()
    {
        TailraceOptions options = s_valid with { Buffers = new BufferOptions { Block = 16 } };
        ConfigProblem problem = Assert.Single(Validator.Validate(options));
        Assert.Equal("buffers.block", problem.Path);
    }

    [Theory]
    [InlineData("0.0.0.0:9001", "10.0.0.1:9001", true)]
    [InlineData("0.0.0.0:9001", "[::ffff:10.0.0.1]:9001", true)]
    [InlineData(":9001", "10.0.0.1:9001", true)]
    [InlineData("[::]:9001", "tcp://[2001:db8::1]:9001", true)]
    [InlineData(":9001", "127.0.0.1:9001", true)]
    [InlineData(":9001", "localhost:9001", true)]
    [InlineData("0.0.0.0:9001", "[2001:db8::1]:9001", false)]
    [InlineData("0.0.0.0:9001", "10.0.0.1:9002", false)]
    [InlineData("0.0.0.0:9001", "10.0.0.2:9001", false)]
    [InlineData("127.0.0.1:9001", "10.0.0.1:9001", false)]
    public void What_leads_back_by_an_address_of_the_machine_is_told(string listen, string destination, bool isBack)
    {
        IPAddress[] own = [IPAddress.Loopback, IPAddress.Parse("10.0.0.1"), IPAddress.Parse("2001:db8::1")];
        Check("protocol: tcp, cluster: a", destination);
        Check("routes: [{ cluster: a }]", destination.Replace("tcp://", "http://", StringComparison.Ordinal));

        void Check(string listener, string to)
        {
            string yaml = $$"""
                listeners: [{ address: "{{listen}}", {{listener}} }]
                clusters: { a: { destinations: ["{{to}}"] } }
                """;
            IEnumerable<string> told = ConfigReader.Read("a.yaml", Yaml.Load(yaml), own.Contains).Errors
                .Select(error => error.ToString());
            if (!isBack) Assert.Empty(told);
            else Assert.StartsWith($"a.yaml:2:33: destinations[0]: '{to}' leads back to", Assert.Single(told));
        }
    }

    [Fact]
    public void Where_code_answers_a_changed_path_may_be_its()
    {
        TailraceOptions options = s_valid with
        {
            Listeners = [new ListenerOptions { Address = "127.0.0.1:9001" }],
            Routes = [new RouteOptions { Cluster = "a", Rewrite = new RewriteOptions { AddPrefix = "/b" } }],
            Clusters = new Dictionary<string, ClusterOptions>
            {
                ["a"] = new() { Destinations = ["http://127.0.0.1:9001"] },
            },
        };
        Assert.Equal("clusters.a.destinations[0]", Assert.Single(Validator.Validate(options)).Path);
        Assert.Empty(Validator.Validate(options, hasHandlers: true));
    }
}
