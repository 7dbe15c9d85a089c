using System.Net;
using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>Which address of a destination is connected to next.</summary>
public sealed class AddressRingTests
{
    private static readonly SocketAddress s_a = Address(1);
    private static readonly SocketAddress s_b = Address(2);
    private static readonly SocketAddress s_c = Address(3);

    [Fact]
    public void Without_addresses_there_is_none() => Assert.Null(new AddressRing().Next(0, out _));

    [Fact]
    public void They_take_turns() => Assert.Equal("abcabc", Turns(Ring(), 0, 6));

    [Fact]
    public void One_that_failed_is_left_out_for_a_while_and_then_tried_by_one()
    {
        var ring = Ring();
        ring.Failed(s_a, 0);
        Assert.Equal("bcbc", Turns(ring, AddressRing.LeftOutMs - 1, 4));
        Assert.Equal(1, Turns(ring, AddressRing.LeftOutMs, 6).Count(one => one == 'a'));
        ring.Reached(s_a);
        Assert.Equal(2, Turns(ring, AddressRing.LeftOutMs, 6).Count(one => one == 'a'));
    }

    [Fact]
    public void Each_failure_leaves_it_out_for_longer_up_to_a_limit()
    {
        var (ring, now) = (Ring(), 0L);
        ring.Failed(s_a, now);
        for (var failures = 1; failures < AddressRing.FactorMax + 3; failures++)
        {
            var leftOut = Math.Min(failures, AddressRing.FactorMax) * AddressRing.LeftOutMs;
            Assert.DoesNotContain('a', Turns(ring, now + leftOut - 1, 4));
            now += leftOut;
            Assert.Contains('a', Turns(ring, now, 4));
            ring.Failed(s_a, now);
        }
    }

    [Fact]
    public void One_that_is_not_tried_to_the_end_is_tried_by_the_next()
    {
        var ring = Ring();
        ring.Failed(s_a, 0);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(s_a, ring.Next(AddressRing.LeftOutMs + i, out var given));
            Assert.NotEqual(0, given);
            Assert.DoesNotContain('a', Turns(ring, AddressRing.LeftOutMs + i, 4));
            ring.GaveUp(s_a, given);
        }
        // Who does not find that out, or finds out too late, changes nothing.
        ring.Next(AddressRing.LeftOutMs + 3, out var probe);
        ring.GaveUp(s_a, probe: 0);
        Assert.DoesNotContain('a', Turns(ring, AddressRing.LeftOutMs + 3, 4));
        ring.Failed(s_a, AddressRing.LeftOutMs + 3);
        ring.GaveUp(s_a, probe);
        Assert.DoesNotContain('a', Turns(ring, AddressRing.LeftOutMs + 3, 4));
        ring.Reached(s_a);
        for (var i = 0; i < 3; i++)
        {
            ring.Next(AddressRing.LeftOutMs + 3, out probe);
            Assert.Equal(0, probe);
        }
    }

    [Fact]
    public void One_that_gives_up_late_takes_nothing_from_the_one_that_tries_it_by_then()
    {
        var ring = Ring();
        ring.Failed(s_a, 0);
        Assert.Equal(s_a, ring.Next(AddressRing.LeftOutMs, out var first));
        var now = 2 * AddressRing.LeftOutMs;
        while (!s_a.Equals(ring.Next(now, out _)))
        {
        }
        ring.GaveUp(s_a, first);
        Assert.DoesNotContain('a', Turns(ring, now, 4));
        // What the later one finds out counts.
        ring.Failed(s_a, now);
        Assert.DoesNotContain('a', Turns(ring, now + 2 * AddressRing.LeftOutMs - 1, 4));
    }

    [Fact]
    public void Many_that_fail_at_once_are_one_failure()
    {
        var ring = Ring();
        for (var i = 0; i < 100; i++) ring.Failed(s_a, i);
        Assert.Contains('a', Turns(ring, AddressRing.LeftOutMs, 4));
    }

    [Fact]
    public void When_all_have_failed_each_gets_its_turn()
    {
        var ring = Ring();
        // As long as it lasts nobody is left out for longer: then all come back together.
        for (var i = 0; i < 50; i++)
        {
            var tried = Turns(ring, i, 3, ring.Failed);
            Assert.Equal("abc", string.Concat(tried.Order()));
        }
        Assert.Equal("abc", string.Concat(Turns(ring, AddressRing.LeftOutMs + 50, 3).Order()));
        foreach (var address in ring.Addresses) ring.Reached(address);
        Assert.Equal("aabbcc", string.Concat(Turns(ring, AddressRing.LeftOutMs + 50, 6).Order()));
    }

    [Fact]
    public void What_is_known_of_those_that_stay_is_kept()
    {
        var ring = Ring();
        ring.Failed(s_b, 0);
        ring.Addresses = [s_b, s_c];
        Assert.Equal("ccc", Turns(ring, 1, 3));
        ring.Addresses = [];
        ring.Addresses = [s_b, s_c];
        Assert.Equal("bbcc", string.Concat(Turns(ring, 1, 4).Order()));
    }

    private static AddressRing Ring() => new() { Addresses = [s_a, s_b, s_c] };

    private static string Turns(
        AddressRing ring, long now, int count, Action<SocketAddress, long>? then = null)
    {
        var turns = "";
        for (var i = 0; i < count; i++)
        {
            var address = ring.Next(now, out _)!;
            turns += address.Equals(s_a) ? 'a' : address.Equals(s_b) ? 'b' : 'c';
            then?.Invoke(address, now);
        }
        return turns;
    }

    private static SocketAddress Address(byte last) => new IPEndPoint(new IPAddress([192, 0, 2, last]), 80).Serialize();
}
