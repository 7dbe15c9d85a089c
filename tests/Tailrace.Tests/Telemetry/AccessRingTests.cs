using Tailrace.Telemetry;

namespace Tailrace.Tests.Telemetry;

public sealed class AccessRingTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(1000, 1024)]
    public void Capacity_is_rounded_up_to_a_power_of_two(int asked, int capacity) =>
        Assert.Equal(capacity, new AccessRing(asked, 8).Capacity);

    [Fact]
    public void Records_come_out_in_order_over_many_wraps()
    {
        var ring = new AccessRing(4, 8);
        int next = 0;
        for (int written = 0; written < 1000;)
        {
            for (int burst = written % 4; burst >= 0; burst--) Assert.True(TryAdd(ring, written++));
            while (ring.TryPeek(out ReadOnlySpan<byte> record))
            {
                Assert.Equal(next++, BitConverter.ToInt32(record));
                ring.Release();
            }
            Assert.Equal(written, next);
        }
    }

    [Fact]
    public void A_full_ring_takes_nothing_until_a_record_is_released()
    {
        var ring = new AccessRing(2, 8);
        Assert.True(TryAdd(ring, 1));
        Assert.True(TryAdd(ring, 2));
        Assert.False(TryAdd(ring, 3));

        // A record that is only looked at still takes its place.
        Assert.True(ring.TryPeek(out ReadOnlySpan<byte> first));
        Assert.Equal(1, BitConverter.ToInt32(first));
        Assert.False(TryAdd(ring, 3));
        ring.Release();
        Assert.True(TryAdd(ring, 4));

        Assert.Equal([2, 4], TakeAll(ring));
    }

    [Fact]
    public void A_claim_that_is_not_published_is_not_seen()
    {
        var ring = new AccessRing(2, 8);
        Assert.True(ring.TryClaim(out _));
        Assert.False(ring.TryPeek(out _));
        ring.Publish();
        Assert.True(ring.TryPeek(out _));
    }

    [Fact]
    public void Two_threads_pass_every_record_whole_and_in_order()
    {
        const int Count = 100_000;
        var ring = new AccessRing(64, 16);
        var producer = new Thread(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                Span<byte> record;
                while (!ring.TryClaim(out record)) Thread.Yield();
                BitConverter.TryWriteBytes(record, i);
                BitConverter.TryWriteBytes(record[12..], ~i);
                ring.Publish();
            }
        });
        producer.Start();

        int wrong = 0;
        for (int i = 0; i < Count; i++)
        {
            ReadOnlySpan<byte> record;
            while (!ring.TryPeek(out record)) Thread.Yield();
            if (BitConverter.ToInt32(record) != i || BitConverter.ToInt32(record[12..]) != ~i) wrong++;
            ring.Release();
        }
        producer.Join();
        Assert.Equal(0, wrong);
        Assert.False(ring.TryPeek(out _));
    }

    private static bool TryAdd(AccessRing ring, int value)
    {
        if (!ring.TryClaim(out Span<byte> record)) return false;
        BitConverter.TryWriteBytes(record, value);
        ring.Publish();
        return true;
    }

    private static List<int> TakeAll(AccessRing ring)
    {
        var values = new List<int>();
        while (ring.TryPeek(out ReadOnlySpan<byte> record))
        {
            values.Add(BitConverter.ToInt32(record));
            ring.Release();
        }
        return values;
    }
}
