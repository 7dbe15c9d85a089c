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
        Pass(streams, used: Window * 4 / 5);
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
    [InlineData(10, 62)]
    [InlineData(1, 200)]
    [InlineData(100, 20)]
    public void It_waits_twice_as_long_as_they_should_take_within_bounds(int messagesOfEach, uint expected)
    {
        Pass(streams: 128, used: Window, messagesOfEach);
        Assert.InRange(_pace.Microseconds, expected - 2, expected + 2);
    }

    private void Pass(int streams, long used, int messagesOfEach = 1)
    {
        for (var stream = 0; stream < streams; stream++)
        {
            ushort window = 0;
            for (var i = 0; i < messagesOfEach; i++) _pace.Count(ref window);
        }
        _pace.Judge(Window, used);
    }
}
