using System.Net;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class SourceTableTests
{
    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.8", false)]
    [InlineData("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("::192.0.2.7", "192.0.2.7", false)]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7", true)]
    public void A_source_is_the_leading_bits_of_an_address(string a, string b, bool isSame)
    {
        var table = new SourceTable(1024, 32, 64);
        Assert.Equal(isSame, table.Hold(Address(a)) == table.Hold(Address(b, port: 2)));
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.200", true)]
    [InlineData("192.0.2.7", "192.0.3.7", false)]
    [InlineData("2001:db8::1", "2001:db8::2", false)]
    public void How_many_bits_is_a_setting(string a, string b, bool isSame)
    {
        var table = new SourceTable(1024, 24, 128);
        Assert.Equal(isSame, table.Hold(Address(a)) == table.Hold(Address(b)));
    }

    [Fact]
    public void Connections_are_counted_until_they_leave()
    {
        var table = new SourceTable(64, 32, 64);
        var slot = table.Hold(Address("192.0.2.7"));
        Assert.Equal(1, table.CountOf(slot));
        Assert.Equal(slot, table.Hold(Address("192.0.2.7")));
        Assert.Equal(2, table.CountOf(slot));
        table.Leave(slot);
        table.Leave(slot);
        Assert.Equal(0, table.CountOf(slot));
    }

    [Fact]
    public void Who_has_been_idle_for_longest_makes_room_and_who_is_connected_never()
    {
        // All of them share the eight slots there are.
        var table = new SourceTable(8, 32, 64);
        var slots = Enumerable.Range(0, 8).Select(i => table.Hold(Address($"10.0.0.{i}"))).ToArray();
        Assert.Equal(Enumerable.Range(0, 8), slots.Order());
        Assert.Equal(SourceTable.NoSlot, table.Hold(Address("10.0.0.8")));
        table.BucketOf(slots[3]) = 300;
        table.BucketOf(slots[5]) = 200;
        table.Leave(slots[3]);
        table.Leave(slots[5]);
        Assert.Equal(slots[5], table.Hold(Address("10.0.0.8")));
        Assert.Equal(0, table.BucketOf(slots[5]));
        // The other one is still known, with what it has used.
        Assert.Equal(slots[3], table.Hold(Address("10.0.0.3")));
        Assert.Equal(300, table.BucketOf(slots[3]));
    }

    [Fact]
    public void Workers_count_together_and_nothing_is_left()
    {
        const int workers = 4;
        var table = new SourceTable(64, 32, 64);
        var addresses = Enumerable.Range(0, 40).Select(i => Address($"10.0.0.{i}")).ToArray();
        var threads = Enumerable.Range(0, workers).Select(worker => new Thread(() =>
        {
            var random = new Random(worker);
            var held = new Queue<int>();
            for (var i = 0; i < 200_000; i++)
            {
                var slot = table.Hold(addresses[random.Next(addresses.Length)]);
                if (slot != SourceTable.NoSlot) held.Enqueue(slot);
                if (held.Count > 5) table.Leave(held.Dequeue());
            }
            while (held.Count > 0) table.Leave(held.Dequeue());
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Assert.All(Enumerable.Range(0, 64), slot => Assert.Equal(0, table.CountOf(slot)));
    }

    [Fact]
    public void Many_sources_are_told_apart()
    {
        var table = new SourceTable(1 << 15, 32, 64);
        var slots = new HashSet<int>();
        for (var i = 0; i < 10_000; i++)
        {
            var slot = table.Hold(Address($"10.{i >> 8}.{i & 255}.1"));
            if (slot != SourceTable.NoSlot) Assert.True(slots.Add(slot), "two sources share a slot");
        }
        // A third of the slots is taken: of a good hash hardly any eight are full.
        Assert.InRange(slots.Count, 9_950, 10_000);
    }

    private static NetAddress Address(string text, int port = 1) => NetAddress.From(new IPEndPoint(IPAddress.Parse(text), port));
}
