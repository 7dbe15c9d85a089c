using System.Net;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class ConnectionLimitsTests
{
    private static readonly NetAddress s_client = NetAddress.From(new IPEndPoint(IPAddress.Parse("192.0.2.7"), 1));
    private static readonly NetAddress s_other = NetAddress.From(new IPEndPoint(IPAddress.Parse("192.0.2.8"), 1));

    [Fact]
    public void A_source_has_so_many_connections_until_some_are_closed()
    {
        var limits = new ConnectionLimits(null, null, sourceMax: 2, new SourceTable(64, 32, 64));
        Assert.Equal(LimitVerdict.Within, limits.Enter(s_client, 0, out var first));
        Assert.Equal(LimitVerdict.Within, limits.Enter(s_client, 0, out _));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(LimitVerdict.SourceConnections, limits.Enter(s_client, 0, out var none));
            Assert.Equal(default, none);
        }
        Assert.Equal(LimitVerdict.Within, limits.Enter(s_other, 0, out _));
        first.Return();
        Assert.Equal(LimitVerdict.Within, limits.Enter(s_client, 0, out _));
    }

    [Fact]
    public void Who_is_too_fast_takes_nothing_from_the_others()
    {
        var limits = new ConnectionLimits(new TokenBucket(1, 3), new TokenBucket(1, 2), 0, new SourceTable(64, 32, 64));
        Assert.Equal(LimitVerdict.Within, limits.Enter(s_client, 1, out var ticket));
        Assert.Equal(LimitVerdict.Within, limits.Enter(s_client, 1, out _));
        Assert.Equal(LimitVerdict.SourceRate, limits.Enter(s_client, 1, out _));
        Assert.Equal(LimitVerdict.Within, limits.Enter(s_other, 1, out _));
        Assert.Equal(LimitVerdict.Rate, limits.Enter(s_other, 1, out _));
        Assert.Equal(2, ticket.Table!.CountOf(ticket.Slot));
    }

    [Fact]
    public void The_peers_of_a_Unix_socket_are_no_source()
    {
        var limits = new ConnectionLimits(null, null, sourceMax: 1, new SourceTable(64, 32, 64));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(LimitVerdict.Within, limits.Enter(NetAddress.Unix, 0, out var ticket));
            Assert.Null(ticket.Table);
        }
    }
}
