using Tailrace.Proxy;
using Tailrace.Proxy.Tcp;
using Tailrace.Tests.Io;
using Tailrace.Tests.Tls.Hello;
using Tailrace.Tls.Hello;

namespace Tailrace.Tests.Proxy.Tcp;

public sealed class HelloRoutesTests
{
    [Theory]
    [InlineData("a.example", "", "exact")]
    [InlineData("A.EXAMPLE.", "", "exact")]
    [InlineData("a.example", "h2", "exact-h2")]
    [InlineData("a.example", "spdy,h3", "exact-h2")]
    [InlineData("x.a.example", "", "below")]
    [InlineData("x.y.a.example", "", "below")]
    [InlineData("x.z.a.example", "", "deeper")]
    [InlineData("b.example", "", "any")]
    [InlineData("", "", "any")]
    [InlineData("", "acme-tls/1", "acme")]
    [InlineData("only.example", "h2", "only-h2")]
    [InlineData("only.example", "http/1.1", "any")]
    public void The_most_specific_route_wins(string name, string protocols, string expected)
    {
        using var rig = new LoopRig("sim");
        var routes = new HelloRoutes();
        Add("", [], "any");
        Add("", ["acme-tls/1"], "acme");
        Add("*.a.example", [], "below");
        Add("*.z.a.example", [], "deeper");
        Add("a.example", [], "exact");
        Add("a.example", ["h2", "h3"], "exact-h2");
        Add("a.example", [], "too late");
        Add("only.example", ["h2"], "only-h2");
        var extensions = new List<byte[]>();
        if (name.Length > 0) extensions.Add(HelloBytes.Name(name));
        if (protocols.Length > 0) extensions.Add(HelloBytes.Alpn(protocols.Split(',')));
        var scratch = new byte[ClientHelloReader.LengthMax];
        var status = ClientHelloReader.Read(HelloBytes.Of([.. extensions]), scratch, out var hello);
        Assert.Equal(HelloStatus.Complete, status);
        Assert.Equal(expected, routes.Find(hello)?.Settings.Name);

        void Add(string host, string[] alpn, string cluster) =>
            routes.Add(host, alpn, new Cluster(rig.Reactor, new ClusterSettings { Name = cluster }, []));
    }

    [Fact]
    public void Without_a_route_there_is_no_cluster() => Assert.Null(new HelloRoutes().Find(default));
}
