using Tailrace.Proxy;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>When a cluster as a whole is left alone, and how it comes back.</summary>
public sealed class BreakerTests : IDisposable
{
    private readonly LoopRig _rig = new("sim");
    private readonly List<string?> _changes = [];

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void It_opens_at_a_share_of_failures_and_not_before_it_has_seen_enough()
    {
        var breaker = Make(new BreakerSettings { ErrorRatePercent = 50, RequestsMin = 10 });
        Record(breaker, "ffffffff.");
        Assert.False(breaker.IsOpen);
        Record(breaker, "f");
        Assert.True(breaker.IsOpen);
        Assert.Equal(["9 of 10 requests failed, for 5000 ms"], _changes);
        Assert.False(breaker.Admits(new Attempts(0)));
    }

    [Fact]
    public void What_is_old_does_not_count()
    {
        var breaker = Make(new BreakerSettings { RequestsMin = 4 });
        Record(breaker, "fff");
        Advance(10_100);
        Record(breaker, "...f");
        Assert.False(breaker.IsOpen);
    }

    [Fact]
    public void It_opens_at_failures_in_a_row()
    {
        var breaker = Make(new BreakerSettings { Failures = 3, ErrorRatePercent = 0 });
        Record(breaker, "ff.ff");
        Assert.False(breaker.IsOpen);
        Record(breaker, "f");
        Assert.True(breaker.IsOpen);
    }

    [Fact]
    public void As_many_answers_as_trials_close_it()
    {
        var breaker = Opened(trials: 2);
        Advance(5_100);
        var (first, second) = (new Attempts(0), new Attempts(0));
        Assert.True(breaker.Admits(first));
        Assert.True(breaker.Admits(second));
        // Who is on trial may try again; nobody else.
        Assert.True(breaker.Admits(first));
        Assert.False(breaker.Admits(new Attempts(0)));
        Record(breaker, ".");
        breaker.EndTrial();
        Assert.True(breaker.IsOpen);
        Assert.True(breaker.Admits(new Attempts(0)));
        Record(breaker, ".");
        Assert.False(breaker.IsOpen);
        Assert.Null(_changes[^1]);
        Assert.True(breaker.Admits(new Attempts(0)));
    }

    [Fact]
    public void A_trial_that_fails_opens_it_for_twice_as_long()
    {
        var breaker = Opened(trials: 1);
        foreach (var milliseconds in new[] { 5_000, 10_000, 20_000, 40_000, 60_000, 60_000 })
        {
            Assert.EndsWith($" for {milliseconds} ms", _changes[^1]);
            Advance(milliseconds - 50);
            Assert.False(breaker.Admits(new Attempts(0)));
            Advance(100);
            Assert.True(breaker.Admits(new Attempts(0)));
            Record(breaker, "f");
            breaker.EndTrial();
        }
        Advance(60_100);
        Record(breaker, ".");
        Assert.False(breaker.IsOpen);
    }

    [Fact]
    public void The_first_time_is_no_longer_than_the_longest()
    {
        var breaker = Make(new BreakerSettings { Failures = 1, TimeMs = 5_000, TimeMaxMs = 2_000 });
        Record(breaker, "f");
        Assert.EndsWith(" for 2000 ms", Assert.Single(_changes));
    }

    [Fact]
    public void A_trial_that_says_nothing_makes_room_for_another()
    {
        var breaker = Opened(trials: 1);
        Advance(5_100);
        Assert.True(breaker.Admits(new Attempts(0)));
        Assert.False(breaker.Admits(new Attempts(0)));
        breaker.EndTrial();
        Assert.True(breaker.Admits(new Attempts(0)));
    }

    [Fact]
    public void What_was_under_way_when_it_opened_changes_nothing()
    {
        var breaker = Opened(trials: 1);
        Record(breaker, "f.f.");
        Assert.True(breaker.IsOpen);
        Assert.Single(_changes);
    }

    [Fact]
    public void What_began_before_it_opened_neither_closes_nor_opens_it_however_late_it_ends()
    {
        var began = _rig.Loop.Now;
        var breaker = Opened(trials: 1);
        Advance(5_100);
        breaker.Record(isFailure: true, began);
        breaker.Record(isFailure: false, began);
        Assert.True(breaker.IsOpen);
        Assert.Single(_changes);
        Record(breaker, ".");
        Assert.False(breaker.IsOpen);
        breaker.Record(isFailure: true, began);
        Assert.False(breaker.IsOpen);
    }

    private Breaker Make(BreakerSettings settings) => new(_rig.Loop, settings, _changes.Add);

    private Breaker Opened(int trials)
    {
        var breaker = Make(new BreakerSettings { Failures = 1, Trials = trials });
        Record(breaker, "f");
        Assert.True(breaker.IsOpen);
        return breaker;
    }

    private void Record(Breaker breaker, string outcomes)
    {
        foreach (var outcome in outcomes) breaker.Record(outcome == 'f', _rig.Loop.Now);
    }

    private void Advance(int milliseconds)
    {
        var until = _rig.Loop.Now + milliseconds;
        _rig.Run(() => _rig.UntilAsync(() => _rig.Loop.Now >= until));
    }
}
