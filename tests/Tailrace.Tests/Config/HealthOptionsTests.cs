using Tailrace.Config;
using Tailrace.Hosting;

namespace Tailrace.Tests.Config;

/// <summary>What a health check does when nobody says it: what the destinations can answer.</summary>
public sealed class HealthOptionsTests
{
    [Theory]
    [InlineData("", "tcp://10.0.0.1:1", CheckType.Tcp)]
    [InlineData("", "10.0.0.1:1 tcp://10.0.0.2:1", CheckType.Tcp)]
    [InlineData("", "udp://10.0.0.1:1", CheckType.Tcp)]
    [InlineData("", "http://10.0.0.1:1", CheckType.Http)]
    [InlineData("", "10.0.0.1:1 unix:/run/a srv://_a._tcp.a", CheckType.Http)]
    [InlineData("type: http", "tcp://10.0.0.1:1", CheckType.Http)]
    [InlineData("type: tcp", "http://10.0.0.1:1", CheckType.Tcp)]
    public void The_type_goes_by_the_destinations(string check, string destinations, CheckType expected)
    {
        ClusterOptions cluster = Yaml.Options($$"""
            listeners: [{ address: ":80", routes: [{ respond: {} }] }]
            clusters:
              a:
                destinations: [{{string.Join(", ", destinations.Split(' ').Select(one => $"\"{one}\""))}}]
                health: { check: { {{check}} } }
            """).Clusters["a"];
        Assert.Equal(expected, cluster.Health.Check!.TypeFor(cluster.Destinations));
        Assert.Equal(expected == CheckType.Http, ClusterPlan.From("a", cluster).Check!.IsHttp);
    }
}
