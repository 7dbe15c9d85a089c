using Tailrace.Io.Backends;

namespace Tailrace.Tests.Io.Backends;

public sealed class UringPaceTests
{
    private const long Window = 4_000_000;

    private readonly UringPace _pace = new(now: 0);

    [Fact]
    public void At_first_every_message_is_taken_as_it_comes() => Assert.Equal(1u, _pace.Messages);

    [Theory]
    [InlineData(16, 1)]
    [InlineData(128, 10)]
    [InlineData(2_000, 64)]
    public void A_busy_loop_waits_for_a_sixth_of_what_may_be_under_way(int streams, uint expected)
    {
        Pass(streams, used: Window * 4 / 5, messagesOfEach: 2);
        Assert.Equal(expected, _pace.Messages);
    }

    [Fact]
    public void A_loop_with_time_to_spare_waits_for_nothing()
    {
        Pass(streams: 128, used: Window * 2 / 3);
        Assert.Equal(1u, _pace.Messages);
    }

    [Fact]
    public void Busy_it_stays_until_it_is_clearly_not()
    {
        Pass(streams: 128, used: Window * 4 / 5);
        Pass(streams: 128, used: Window * 3 / 5);
        Assert.Equal(10u, _pace.Messages);
        Pass(streams: 128, used: Window * 2 / 5);
        Assert.Equal(1u, _pace.Messages);
    }

    [Fact]
    public void A_stream_that_says_much_is_still_one()
    {
        ushort window = 0;
        for (var i = 0; i < 1000; i++) _pace.Count(ref window);
        _pace.Judge(Window, Window);
        Assert.Equal(1u, _pace.Messages);
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(1, 6)]
    public void It_waits_for_no_more_than_come_in_a_usual_wait(int messagesOfEach, uint expected)
    {
        Pass(streams: 128, used: Window, messagesOfEach);
        Assert.Equal(expected, _pace.Messages);
    }

    [Fact]
    public void After_a_long_wait_it_does_not_wait_for_a_while()
    {
        WaitFor(windows: UringPace.LongRun);
        WaitLong();
        Assert.Equal(UringPace.RestMin, BusyWindowsWithoutWaiting());
    }

    [Fact]
    public void The_sooner_that_happens_again_the_longer_it_does_not_wait()
    {
        for (var expected = UringPace.RestMin; expected <= UringPace.RestMax; expected *= 2)
        {
            WaitFor(windows: 1);
            WaitLong();
            Assert.Equal(expected, BusyWindowsWithoutWaiting());
        }
        WaitFor(windows: UringPace.LongRun - 2);
        WaitLong();
        Assert.Equal(UringPace.RestMax, BusyWindowsWithoutWaiting());
        WaitFor(windows: UringPace.LongRun);
        WaitLong();
        Assert.Equal(UringPace.RestMin, BusyWindowsWithoutWaiting());
    }

    [Theory]
    [InlineData(0, 499, true)]
    [InlineData(0, 500, false)]
    [InlineData(100, 1299, true)]
    [InlineData(100, 1300, false)]
    public void What_an_entry_takes_to_submit_is_no_wait(uint submitted, int microseconds, bool isUsual)
    {
        WaitFor(windows: 1);
        _pace.Waited(microseconds * 1000L, submitted, came: 1);
        Assert.Equal(isUsual, _pace.Messages > 1);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(10, false)]
    [InlineData(11, true)]
    public void Nothing_was_held_up_when_nothing_came_or_more_than_was_waited_for(uint came, bool goesOn)
    {
        WaitFor(windows: 1);
        Assert.Equal(10u, _pace.Messages);
        _pace.Waited(UringPace.MicrosecondsMax * 1000L, submitted: 0, came);
        Assert.Equal(goesOn, _pace.Messages > 1);
    }

    [Fact]
    public void A_loop_that_is_only_less_busy_need_not_rest()
    {
        WaitFor(windows: 1);
        Pass(streams: 128, used: 0);
        Assert.Equal(0, BusyWindowsWithoutWaiting());
    }

    [Fact]
    public void While_other_threads_call_it_it_does_not_wait()
    {
        WaitFor(windows: 1);
        _pace.WasWoken();
        Pass(streams: 128, used: Window);
        Assert.Equal(1u, _pace.Messages);
        WaitFor(windows: 1);
    }

    private void WaitFor(int windows)
    {
        for (var i = 0; i < windows; i++)
        {
            Pass(streams: 128, used: Window);
            Assert.True(_pace.Messages > 1);
        }
    }

    private void WaitLong()
    {
        _pace.Waited(UringPace.MicrosecondsMax * 1000L, submitted: 0, came: 1);
        Assert.Equal(1u, _pace.Messages);
    }

    private int BusyWindowsWithoutWaiting()
    {
        for (var windows = 0; ; windows++)
        {
            Pass(streams: 128, used: Window);
            if (_pace.Messages > 1) return windows;
        }
    }

    private void Pass(int streams, long used, int messagesOfEach = 2)
    {
        for (var stream = 0; stream < streams; stream++)
        {
            ushort window = 0;
            for (var i = 0; i < messagesOfEach; i++) _pace.Count(ref window);
        }
        _pace.Judge(Window, used);
    }
}
