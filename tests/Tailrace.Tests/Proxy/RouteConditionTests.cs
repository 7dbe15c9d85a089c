using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Handlers;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Tests.Io;
using Tailrace.Tests.Sessions;

namespace Tailrace.Tests.Proxy;

/// <summary>Routes that ask for more than host and path, and which of several is taken.</summary>
public sealed class RouteConditionTests : IDisposable
{
    private readonly LoopRig _rig = new("portable");

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData("GET", true), InlineData("HEAD", false), InlineData("PROPFIND", true), InlineData("PROP", false)]
    [InlineData("POST", true), InlineData("PUT", false)]
    public void Any_one_of_the_methods_suffices(string method, bool expected) =>
        Assert.Equal(expected, Holds(new MatchOptions { Method = ["GET", "POST", "PROPFIND"] }, method));

    [Theory]
    [InlineData("10.1.2.3", true), InlineData("11.0.0.1", false), InlineData("::1", true), InlineData("::2", false)]
    public void The_client_has_to_be_in_one_of_the_ranges(string client, bool expected) =>
        Assert.Equal(expected, Holds(new MatchOptions { Source = ["10.0.0.0/8", "::1"] }, "GET", client));

    [Theory]
    [InlineData("GET", "/?v=2", "X-A: 1", true)]
    [InlineData("PUT", "/?v=2", "X-A: 1", false)]
    [InlineData("GET", "/?v=3", "X-A: 1", false)]
    [InlineData("GET", "/", "X-A: 1", false)]
    [InlineData("GET", "/?v=2", "X-A: 2", false)]
    [InlineData("GET", "/?v=2", "X-A: 1\r\nX-B: 1", false)]
    public void All_of_it_has_to_hold(string method, string target, string fields, bool expected)
    {
        var match = new MatchOptions
        {
            Method = ["GET"],
            Header = [new() { Name = "X-A", Value = "1" }, new() { Name = "X-B", Absent = true }],
            Query = [new() { Name = "v", Value = "2" }],
            Source = ["10.0.0.0/8"],
        };
        Assert.Equal(expected, Holds(match, method, target: target, fields: fields + "\r\n"));
        Assert.False(Holds(match, "GET", "11.0.0.1", "/?v=2", "X-A: 1\r\n"));
    }

    [Fact]
    public void Asking_allocates_nothing()
    {
        var condition = RouteConditions.Build(new MatchOptions
        {
            Method = ["GET", "OTHER"],
            Header = [new() { Name = "X-A", Value = "a42" }, new() { Name = "Accept", Prefix = "text/" }],
            Query = [new() { Name = "v", Value = "a b" }],
            Source = ["192.168.0.0/16", "10.0.0.0/8"],
        })!;
        var head = Heads.Request("GET /?v=a%20b HTTP/1.1\r\nHost: h\r\nX-A: a42\r\nAccept: text/x\r\n\r\n", out var bytes);
        var client = Client("10.0.0.1");
        for (var i = 0; i < 100; i++) Assert.True(condition.Holds(head, bytes, client));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var held = true;
        for (var i = 0; i < 1000; i++) held &= condition.Holds(head, bytes, client);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(held);
    }

    [Fact]
    public void Without_conditions_there_is_nothing_to_ask() =>
        Assert.Null(RouteConditions.Build(new MatchOptions { Host = ["a"], PathPrefix = "/p" }));

    [Theory]
    [InlineData("/api/x", "", "api")]
    [InlineData("/api/x", "X-A: 1", "api+a")]
    [InlineData("/api/x", "X-B: 1", "api+b")]
    [InlineData("/api/x", "X-A: 1\r\nX-B: 1", "api+a")]
    [InlineData("/only", "X-A: 1", "only+a")]
    [InlineData("/only", "", "any")]
    [InlineData("/exact", "X-A: 1", "exact+a")]
    [InlineData("/exact", "X-B: 1", "any+b")]
    [InlineData("/exact", "", "any")]
    public void Of_one_place_the_first_that_holds_is_taken_and_else_the_search_goes_on(
        string path, string fields, string expected)
    {
        var table = new RouteTable();
        var names = new Dictionary<Handler, string>();
        Add("api+a", "/api", true, "X-A");
        Add("any+b", "", true, "X-B");
        Add("api+b", "/api", true, "X-B");
        Add("api", "/api", true);
        Add("api+c", "/api", true, "X-A");
        Add("only+a", "/only", true, "X-A");
        Add("exact+a", "/exact", false, "X-A");
        Add("any", "", true);
        Add("any-again", "", true);
        var head = Heads.Request(
            $"GET {path} HTTP/1.1\r\nHost: h\r\n{(fields.Length > 0 ? fields + "\r\n" : "")}\r\n", out var bytes);
        Assert.Equal(expected, names[table.Find(head, bytes, Client("10.0.0.1"))!]);

        void Add(string name, string at, bool isPrefix, string field = "")
        {
            var handler = new FixedReply(200, "", default);
            names.Add(handler, name);
            var match = new MatchOptions { Header = field.Length > 0 ? [field] : [] };
            table.Add("", at, isPrefix, handler, RouteConditions.Build(match));
        }
    }

    [Theory]
    [InlineData("X-A: 1", "host+a"), InlineData("X-B: 1", "wild+b"), InlineData("X-C: 1", "any")]
    public void Where_no_route_of_a_host_holds_the_next_host_is_asked(string field, string expected)
    {
        var routes = Yaml($$"""
            - { match: { host: a.b.example, header: [X-A] }, respond: { body: host+a } }
            - { match: { host: "*.example", header: [X-B] }, respond: { body: wild+b } }
            - { respond: { body: any } }
            """);
        var table = new RouteTable();
        var names = new Dictionary<Handler, string>();
        foreach (var route in routes)
        {
            var handler = new FixedReply(200, "", default);
            names.Add(handler, route.Options.Respond!.Body);
            table.Add(route.Host, route.Path, route.IsPrefix, handler, RouteConditions.Build(route.Options.Match));
        }
        var head = Heads.Request($"GET / HTTP/1.1\r\nHost: a.b.example\r\n{field}\r\n\r\n", out var bytes);
        Assert.Equal(expected, names[table.Find(head, bytes, Client("10.0.0.1"))!]);
    }

    [Fact]
    public void In_a_configuration_the_route_without_conditions_comes_last_wherever_it_stands()
    {
        var routes = Yaml("""
            - { match: { path: /p }, respond: { body: plain } }
            - { match: { path: /p, method: GET }, respond: { body: get } }
            - { match: { path: /p, method: PUT }, respond: { body: put } }
            """);
        Assert.Equal(["get", "put", "plain"], routes.Select(route => route.Options.Respond!.Body));
    }

    private static IReadOnlyList<RoutePlan> Yaml(string routes)
    {
        var options = Config.Yaml.Options(
            $"listeners: [ {{ address: \":1\" }} ]\nroutes:\n{string.Concat(routes.Split('\n').Select(l => $"  {l}\n"))}");
        return Snapshot.Build(options).Listeners[0].Routes;
    }

    private bool Holds(
        MatchOptions match, string method, string client = "10.0.0.1", string target = "/", string fields = "")
    {
        var head = Heads.Request($"{method} {target} HTTP/1.1\r\nHost: h\r\n{fields}\r\n", out var bytes);
        return RouteConditions.Build(match)!.Holds(head, bytes, Client(client));
    }

    private FakeClient Client(string address) =>
        new(_rig.Reactor, NetAddress.From(new IPEndPoint(IPAddress.Parse(address), 1)));
}
