using Tailrace.Io.Backends;

namespace Tailrace.Tests.Io.Backends;

public sealed unsafe class UringSendsTests
{
    private const int Size = 1024;

    [Fact]
    public void Messages_under_way_never_share_a_byte_and_lie_inside()
    {
        using var sends = new UringSends(new UringSettings { SendBytes = Size, BufferBytes = 300 });
        var random = new Random(1);
        var first = sends.TryTake(1, out var firstEnd);
        var live = new List<(long Start, int Length, ulong End)> { (0, 1, firstEnd) };
        var (tail, refused) = (0u, 0);
        for (var step = 0; step < 100_000; step++)
        {
            if (random.Next(4) == 0)
            {
                // Sealed at one time, settled a little later, as by completions that are still to be taken.
                sends.Seal(++tail);
                if (random.Next(2) == 0) sends.Settle(tail);
                live.RemoveAll(message => message.End <= sends.Settled);
                continue;
            }
            var room = random.Next(1, 301);
            var place = sends.TryTake(room, out var end);
            if (place == null)
            {
                refused++;
                sends.Settle(tail);
                live.RemoveAll(message => message.End <= sends.Settled);
                continue;
            }
            var length = random.Next(2) == 0 ? room : random.Next(1, room + 1);
            if (length < room) end = sends.Shrink(room, length);
            var start = place - first;
            Assert.InRange(start, 0, Size - length);
            foreach (var other in live)
                Assert.True(start >= other.Start + other.Length || start + length <= other.Start, $"step {step}");
            live.Add((start, length, end));
        }
        Assert.True(refused > 0, "it was never full: the test shows nothing");
    }

    [Fact]
    public void Memory_that_is_filled_to_its_last_byte_begins_again_at_its_first()
    {
        using var sends = new UringSends(new UringSettings { SendBytes = Size, BufferBytes = 256 });
        var first = sends.TryTake(256, out _);
        for (var i = 1; i < Size / 256; i++)
        {
            if (i == 3) sends.Seal(1);
            Assert.True(sends.TryTake(256, out _) == first + i * 256);
        }
        Assert.True(sends.TryTake(256, out _) == null);
        Assert.True(sends.Settle(1));
        Assert.True(sends.TryTake(256, out _) == first);
    }
}
