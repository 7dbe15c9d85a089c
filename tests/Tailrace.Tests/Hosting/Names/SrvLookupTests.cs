using System.Net;
using Tailrace.Conformance.Support;
using Tailrace.Hosting.Names;

namespace Tailrace.Tests.Hosting.Names;

/// <summary>Where a service is, as a name server on loopback says it.</summary>
public sealed class SrvLookupTests : IDisposable
{
    private const string Service = "_http._tcp.a.example";

    private readonly FakeNameServer _server = new();

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Records_are_places(bool truncates)
    {
        _server.Truncates = truncates;
        _server.Ttl = 40;
        _server.SetHost("o1.example", IPAddress.Parse("10.0.0.1"));
        _server.SetHost("o1.example", IPAddress.IPv6Loopback);
        _server.SetHost("o2.example", IPAddress.Parse("10.0.0.2"));
        _server.SetService(Service,
            FakeNameServer.Srv(0, 30, 8080, "o1.example"), FakeNameServer.Srv(10, 0, 8081, "o2.example"),
            FakeNameServer.Srv(0, 1, 8080, "lost.example"));
        var (places, ttl) = await FindAsync();
        Assert.Equal(40, ttl);
        Assert.Equal(
            [("o1.example", 8080, 0, 30, "10.0.0.1 ::1"), ("o2.example", 8081, 10, 1, "10.0.0.2")],
            places.Select(one => (one.Host, one.Port, one.Priority, one.Weight, string.Join(' ', one.Addresses))));
    }

    [Fact]
    public async Task What_is_wrong_is_said()
    {
        Assert.Equal("there is no such name", await ReasonAsync());
        _server.SetService(Service);
        Assert.Equal("it has no SRV records", await ReasonAsync());
        _server.SetService(Service, FakeNameServer.Srv(0, 0, 0, ""));
        Assert.Equal("the service is not provided", await ReasonAsync());
        _server.SetService(Service, FakeNameServer.Srv(0, 0, 80, "lost.example"));
        Assert.Equal("none of its targets has an address", await ReasonAsync());
        _server.Code = 2;
        Assert.Equal("the name server answers with code 2", await ReasonAsync());
        _server.IsSilent = true;
        Assert.Equal("no answer in time", await ReasonAsync());
    }

    [Fact]
    public async Task One_server_that_is_silent_does_not_matter()
    {
        using var other = new FakeNameServer { IsSilent = true };
        _server.SetHost("o1.example", IPAddress.Loopback);
        _server.SetService(Service, FakeNameServer.Srv(0, 0, 80, "o1.example"));
        var client = new DnsClient([other.Address, _server.Address], TimeSpan.FromMilliseconds(100));
        var (places, _) = await new SrvLookup(client).FindAsync(Service, TestContext.Current.CancellationToken);
        Assert.Equal("o1.example", Assert.Single(places).Host);
        Assert.True(other.Questions > 0);
    }

    [Theory]
    [InlineData(OverTcp.Resets, "the name server breaks off")]
    [InlineData(OverTcp.TalksNonsense, "the name server's answer makes no sense")]
    internal async Task One_server_that_fails_over_tcp_does_not_matter(OverTcp failure, string reason)
    {
        using var other = new FakeNameServer { Truncates = true, OverTcp = failure };
        _server.SetHost("o1.example", IPAddress.Loopback);
        _server.SetService(Service, FakeNameServer.Srv(0, 0, 80, "o1.example"));
        var (places, _) = await FindAtAsync(other, _server);
        Assert.Equal("o1.example", Assert.Single(places).Host);
        Assert.Equal(reason, (await Assert.ThrowsAsync<DnsException>(() => FindAtAsync(other))).Message);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(4, false)]
    public async Task A_server_that_knows_no_extensions_is_asked_without(int refusal, bool isBare)
    {
        (_server.RefusalOfExtensions, _server.IsRefusalBare) = (refusal, isBare);
        _server.SetHost("o1.example", IPAddress.Loopback);
        _server.SetService(Service, FakeNameServer.Srv(0, 0, 80, "o1.example"));
        Assert.Equal("o1.example", Assert.Single((await FindAsync()).Places).Host);
        // Once more for each: of the service, and of the target in two families.
        Assert.Equal(6, _server.Questions);
        _server.Code = refusal;
        Assert.Equal($"the name server answers with code {refusal}", await ReasonAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_with_too_many_records_is_told(bool truncates)
    {
        _server.Truncates = truncates;
        _server.SetService(Service, [.. Enumerable.Range(0, 513).Select(_ => FakeNameServer.Srv(0, 0, 80, "o"))]);
        Assert.Equal("the name server's answer has more than 512 records", await ReasonAsync());
    }

    [Fact]
    public async Task A_target_that_is_no_host_name_is_left_out()
    {
        string[] targets = ["o1\r\nx: y.example", "o1/x.example", "o1 places=9.example", "10.0.0.1", "-", "o1.example"];
        foreach (var target in targets) _server.SetHost(target, IPAddress.Loopback);
        _server.SetService(Service, [.. targets.Select(target => FakeNameServer.Srv(0, 0, 80, target))]);
        Assert.Equal("o1.example", Assert.Single((await FindAsync()).Places).Host);
    }

    [Fact]
    public async Task A_target_whose_look_up_fails_makes_the_whole_fail()
    {
        _server.SetHost("o1.example", IPAddress.Loopback);
        _server.SetHost("o2.example", IPAddress.Loopback);
        _server.SetService(Service,
            FakeNameServer.Srv(0, 0, 80, "o1.example"), FakeNameServer.Srv(0, 0, 80, "o2.example"));
        _server.FailsFor = "o2.example";
        Assert.Equal("the name server answers with code 2", await ReasonAsync());
    }

    private Task<(IReadOnlyList<SrvPlace> Places, long Ttl)> FindAsync() =>
        new SrvLookup(new DnsClient([_server.Address], TimeSpan.FromMilliseconds(_server.IsSilent ? 50 : 10_000)))
            .FindAsync(Service, TestContext.Current.CancellationToken);

    private static Task<(IReadOnlyList<SrvPlace> Places, long Ttl)> FindAtAsync(params FakeNameServer[] servers) =>
        new SrvLookup(new DnsClient([.. servers.Select(server => server.Address)], TimeSpan.FromSeconds(10)))
            .FindAsync(Service, TestContext.Current.CancellationToken);

    private async Task<string> ReasonAsync() => (await Assert.ThrowsAsync<DnsException>(FindAsync)).Message;
}
