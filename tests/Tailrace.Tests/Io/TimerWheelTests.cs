using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class TimerWheelTests
{
    private readonly List<Entry> _fired = [];

    [Fact]
    public void A_deadline_fires_once_and_not_early()
    {
        var wheel = new TimerWheel(1000);
        var entry = new Entry(_fired);
        wheel.Set(entry, 1100);
        wheel.Advance(1100 - 1);
        Assert.Empty(_fired);
        wheel.Advance(1100 + TimerWheel.TickMs);
        Assert.Same(entry, Assert.Single(_fired));
        wheel.Advance(50_000);
        Assert.Single(_fired);
        Assert.Equal(long.MaxValue, entry.Deadline);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void Nothing_queued_means_no_timeout() => Assert.Equal(-1, new TimerWheel(5).NextTimeout(5));

    [Fact]
    public void A_cleared_deadline_does_not_fire_and_leaves_the_wheel_in_time()
    {
        var wheel = new TimerWheel(0);
        var entry = new Entry(_fired);
        wheel.Set(entry, 100);
        wheel.Clear(entry);
        wheel.Advance(200);
        Assert.Empty(_fired);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void An_entry_may_set_itself_again_while_it_fires()
    {
        var wheel = new TimerWheel(0);
        var entry = new Entry(_fired);
        entry.Then = () =>
        {
            Assert.Equal(long.MaxValue, entry.Deadline);
            if (_fired.Count < 3) wheel.Set(entry, 100 * _fired.Count);
        };
        wheel.Set(entry, 50);
        for (var now = 0; now < 1000; now += 10) wheel.Advance(now);
        Assert.Equal(3, _fired.Count);
    }

    [Fact]
    public void An_entry_may_remove_the_next_one_of_its_slot()
    {
        var wheel = new TimerWheel(0);
        var entries = Enumerable.Range(0, 3).Select(_ => new Entry(_fired)).ToArray();
        foreach (var entry in entries)
        {
            wheel.Set(entry, 50);
            entry.Then = () =>
            {
                foreach (var other in entries) wheel.Remove(other);
            };
        }
        wheel.Advance(100);
        Assert.Single(_fired);
        Assert.Equal(0, wheel.Count);
    }

    /// <summary>Any sequence of calls fires what a plain list of deadlines would, at most one tick later.</summary>
    [Fact]
    public void It_behaves_like_its_model()
    {
        for (var seed = 0; seed < 100; seed++) RunModel(seed);
    }

    private static void RunModel(int seed)
    {
        var random = new Random(seed);
        long now = random.Next(100_000);
        var wheel = new TimerWheel(now);
        var fired = new List<Entry>();
        var entries = Enumerable.Range(0, 20).Select(_ => new Entry(fired)).ToArray();
        var deadlines = new Dictionary<Entry, long>();
        foreach (var entry in entries)
        {
            // Some entries act on others while they fire.
            entry.Then = () =>
            {
                if (random.Next(3) > 0) return;
                var other = entries[random.Next(entries.Length)];
                if (random.Next(2) == 0) Set(other, now + random.Next(20_000));
                else Withdraw(other);
            };
        }
        for (var step = 0; step < 400; step++)
        {
            var entry = entries[random.Next(entries.Length)];
            switch (random.Next(4))
            {
                case 0:
                    Set(entry, now + random.Next(random.Next(2) == 0 ? 100 : 20_000));
                    break;
                case 1:
                    Withdraw(entry);
                    break;
                default:
                    Move(random.Next(4) == 0 ? random.Next(20_000) : random.Next(30));
                    break;
            }
        }
        foreach (var entry in entries) wheel.Clear(entry);
        deadlines.Clear();
        Move(20_000);
        Assert.Equal(0, wheel.Count);

        void Set(Entry entry, long deadline)
        {
            wheel.Set(entry, deadline);
            deadlines[entry] = deadline;
        }

        void Withdraw(Entry entry)
        {
            if (random.Next(2) == 0) wheel.Clear(entry);
            else wheel.Remove(entry);
            deadlines.Remove(entry);
        }

        void Move(int milliseconds)
        {
            var timeout = wheel.NextTimeout(now);
            if (deadlines.Count > 0)
            {
                var first = Math.Max(deadlines.Values.Min(), now);
                Assert.InRange(timeout, 0, (int)Math.Max(first + TimerWheel.TickMs - now, 0));
            }
            now += milliseconds;
            fired.Clear();
            foreach (var entry in entries) entry.OnFire = () =>
            {
                Assert.True(deadlines.Remove(entry, out var deadline), $"seed {seed}: fired without a deadline");
                Assert.True(deadline <= now, $"seed {seed}: fired early");
            };
            wheel.Advance(now);
            foreach (var (_, deadline) in deadlines)
                Assert.True(deadline + TimerWheel.TickMs > now, $"seed {seed}: deadline {deadline} missed at {now}");
        }
    }

    private sealed class Entry(List<Entry> fired) : TimerEntry
    {
        internal Action? OnFire { get; set; }

        internal Action? Then { get; set; }

        protected internal override void OnDeadline()
        {
            OnFire?.Invoke();
            fired.Add(this);
            Then?.Invoke();
        }
    }
}
