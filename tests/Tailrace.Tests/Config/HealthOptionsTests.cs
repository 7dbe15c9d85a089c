using Tailrace.Config;
using Tailrace.Hosting;

namespace Tailrace.Tests.Config;

/// <summary>What a health check does when nobody says it: what the destinations can answer.</summary>
public sealed class HealthOptionsTests
{
    private const string Route = """{ address: ":80", routes: [{ cluster: a }] }""";
    private const string Tcp = """{ address: ":81", protocol: tcp, cluster: a }""";
    private const string Tls = """{ address: ":82", protocol: tcp, tls_routes: [{ host: a.example, cluster: a }] }""";
    private const string Udp = """{ address: ":83", protocol: udp, cluster: a }""";
    private const string Mixed = """{ address: ":84", protocol: mixed, cluster: a, routes: [{ respond: {} }] }""";
    private const string Both = """{ address: ":85", protocol: mixed, cluster: a, routes: [{ cluster: a }] }""";
    private const string Split = """{ address: ":86", routes: [{ split: { to: [{ cluster: a }] } }] }""";
    private const string Copies =
        """{ address: ":87", routes: [{ cluster: b, mirror: { cluster: a } }] }""";

    private const string Nobody = """{ address: ":88", routes: [{ respond: {} }] }""";

    [Theory]
    [InlineData(Nobody, "", "10.0.0.1:1", CheckType.Http)]
    [InlineData(Tcp, "", "tcp://10.0.0.1:1", CheckType.Tcp)]
    [InlineData(Nobody, "", "10.0.0.1:1 tcp://10.0.0.2:1", CheckType.Tcp)]
    [InlineData(Nobody, "", "udp://10.0.0.1:1", CheckType.Tcp)]
    [InlineData(Route, "", "http://10.0.0.1:1", CheckType.Http)]
    [InlineData(Route, "", "10.0.0.1:1 unix:/run/a srv://_a._tcp.a", CheckType.Http)]
    [InlineData(Tcp, "", "10.0.0.1:1 unix:/run/a srv://_a._tcp.a", CheckType.Tcp)]
    [InlineData(Tls, "", "10.0.0.1:1", CheckType.Tcp)]
    [InlineData(Udp, "", "10.0.0.1:1", CheckType.Tcp)]
    [InlineData(Mixed, "", "10.0.0.1:1", CheckType.Tcp)]
    [InlineData(Both, "", "10.0.0.1:1", CheckType.Http)]
    [InlineData($"{Tcp}, {Route}", "", "10.0.0.1:1", CheckType.Http)]
    [InlineData($"{Tcp}, {Split}", "", "10.0.0.1:1", CheckType.Http)]
    [InlineData($"{Tcp}, {Copies}", "", "10.0.0.1:1", CheckType.Http)]
    [InlineData(Tcp, "type: http, path: /up", "10.0.0.1:1", CheckType.Http)]
    [InlineData(Tcp, "type: http", "tcp://10.0.0.1:1", CheckType.Http)]
    [InlineData(Route, "type: tcp", "http://10.0.0.1:1", CheckType.Tcp)]
    public void The_type_goes_by_the_destinations_and_who_leads_there(
        string listeners, string check, string destinations, CheckType expected)
    {
        TailraceOptions options = Yaml.Options($$"""
            listeners: [{{listeners}}]
            clusters:
              a:
                destinations: [{{string.Join(", ", destinations.Split(' ').Select(one => $"\"{one}\""))}}]
                health: { check: { {{check}} } }
              b: { destinations: [10.0.0.9:1] }
            """);
        Assert.Equal(expected, options.Clusters["a"].Health.Check!.TypeFor("a", options));
        Assert.Equal(expected == CheckType.Http, ClusterPlan.From("a", options).Check!.IsHttp);
    }
}
