using Tailrace.Io.Backends;

namespace Tailrace.Tests.Io.Backends;

/// <summary>How long a busy loop lets messages come together.</summary>
public sealed class UringPaceTests
{
    [Fact]
    public void A_loop_that_is_mostly_idle_goes_on_with_the_first_message()
    {
        var pace = new UringPace();
        for (var i = 0; i < 100; i++) pace.Learn(messages: 3, work: 10, waited: 21);
        Assert.Equal(1, pace.Target);
    }

    [Fact]
    public void A_busy_loop_waits_for_what_it_got_used_to_and_never_longer_than_it_worked()
    {
        var pace = new UringPace();
        for (var i = 0; i < 1000; i++) pace.Learn(Math.Max(pace.Target, 8), work: 50, waited: 10);
        Assert.Equal(UringPace.TargetMax, pace.Target);
        Assert.Equal(50u, pace.WaitAfter(50));
        Assert.Equal(UringPace.WaitMax, pace.WaitAfter(10_000));
        Assert.Equal(1u, pace.WaitAfter(0));
    }

    [Fact]
    public void What_is_not_reached_is_not_waited_for_again()
    {
        var pace = new UringPace();
        for (var i = 0; i < 1000; i++) pace.Learn(messages: Math.Min(pace.Target, 8), work: 50, waited: 10);
        Assert.InRange(pace.Target, 6, 9);
        pace.Learn(messages: 0, work: 50, waited: 50);
        Assert.InRange(pace.Target, 1, 5);
        for (var i = 0; i < 10; i++) pace.Learn(messages: 0, work: 50, waited: 50);
        Assert.Equal(1, pace.Target);
    }

    [Fact]
    public void When_the_load_goes_so_does_the_wait()
    {
        var pace = new UringPace();
        for (var i = 0; i < 1000; i++) pace.Learn(UringPace.TargetMax, work: 50, waited: 10);
        for (var i = 0; i < UringPace.TargetMax; i++) pace.Learn(UringPace.TargetMax, work: 10, waited: 100);
        Assert.Equal(1, pace.Target);
    }
}
