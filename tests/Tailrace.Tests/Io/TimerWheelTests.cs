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
        var model = new Model(seed);
        for (var step = 0; step < 400; step++) model.Step();
        model.End();
    }

    /// <summary>A wheel and, beside it, the plain list of deadlines that it has to agree with.</summary>
    private sealed class Model
    {
        private readonly int _seed;
        private readonly Random _random;
        private readonly TimerWheel _wheel;
        private readonly Entry[] _entries;
        private readonly Dictionary<Entry, long> _deadlines = [];
        private long _now;

        internal Model(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            _now = _random.Next(100_000);
            _wheel = new TimerWheel(_now);
            _entries = [.. Enumerable.Range(0, 20).Select(_ => new Entry([]))];
            foreach (var entry in _entries) entry.Then = () => Fired(entry);
        }

        internal void Step()
        {
            var entry = _entries[_random.Next(_entries.Length)];
            switch (_random.Next(4))
            {
                case 0:
                    Set(entry, _now + _random.Next(_random.Next(2) == 0 ? 100 : 20_000));
                    break;
                case 1:
                    Withdraw(entry);
                    break;
                default:
                    Move(_random.Next(4) == 0 ? _random.Next(20_000) : _random.Next(30));
                    break;
            }
        }

        internal void End()
        {
            foreach (var entry in _entries) _wheel.Clear(entry);
            _deadlines.Clear();
            Move(20_000);
            Assert.Equal(0, _wheel.Count);
        }

        private void Fired(Entry entry)
        {
            Assert.True(_deadlines.Remove(entry, out var deadline), $"seed {_seed}: fired without a deadline");
            Assert.True(deadline <= _now, $"seed {_seed}: fired early");
            // Some entries act on others while they fire.
            if (_random.Next(3) > 0) return;
            var other = _entries[_random.Next(_entries.Length)];
            if (_random.Next(2) == 0) Set(other, _now + _random.Next(20_000));
            else Withdraw(other);
        }

        private void Set(Entry entry, long deadline)
        {
            _wheel.Set(entry, deadline);
            _deadlines[entry] = deadline;
        }

        private void Withdraw(Entry entry)
        {
            if (_random.Next(2) == 0) _wheel.Clear(entry);
            else _wheel.Remove(entry);
            _deadlines.Remove(entry);
        }

        private void Move(int milliseconds)
        {
            if (_deadlines.Count > 0)
            {
                var first = Math.Max(_deadlines.Values.Min(), _now);
                Assert.InRange(_wheel.NextTimeout(_now), 0, (int)Math.Max(first + TimerWheel.TickMs - _now, 0));
            }
            _now += milliseconds;
            _wheel.Advance(_now);
            foreach (var (_, deadline) in _deadlines)
                Assert.True(deadline + TimerWheel.TickMs > _now, $"seed {_seed}: {deadline} missed at {_now}");
        }
    }

    private sealed class Entry(List<Entry> fired) : TimerEntry
    {
        internal Action? Then { get; set; }

        protected internal override void OnDeadline()
        {
            fired.Add(this);
            Then?.Invoke();
        }
    }
}
