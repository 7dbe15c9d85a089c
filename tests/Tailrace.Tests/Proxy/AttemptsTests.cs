using Tailrace.Io;
using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>What is remembered of one request's attempts.</summary>
public sealed class AttemptsTests
{
    [Fact]
    public void Nothing_is_out_of_the_question_at_first()
    {
        var attempts = new Attempts(1);
        Assert.Equal((0ul, IoError.None), (attempts.Tried, attempts.LastError));
        Assert.False(attempts.WantsFresh || attempts.HasMetLimit);
    }

    [Fact]
    public void Each_failure_rules_one_destination_out()
    {
        var attempts = new Attempts(1);
        attempts.OpenFailed(0, IoError.Refused);
        attempts.OpenFailed(3, IoError.TimedOut);
        Assert.Equal(0b1001ul, attempts.Tried);
        Assert.Equal(IoError.TimedOut, attempts.LastError);
        Assert.False(attempts.HasMetLimit);
    }

    [Fact]
    public void A_limit_rules_one_out_and_is_no_error()
    {
        var attempts = new Attempts(1);
        attempts.LimitReached(1);
        Assert.Equal(0b10ul, attempts.Tried);
        Assert.Equal(IoError.None, attempts.LastError);
        Assert.True(attempts.HasMetLimit);
    }

    [Theory]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1000)]
    public void The_last_bit_stands_for_all_from_there_on(int index)
    {
        var attempts = new Attempts(1);
        attempts.OpenFailed(index, IoError.Refused);
        Assert.Equal(1ul << 63, attempts.Tried);
    }
}
