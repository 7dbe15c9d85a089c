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
        Assert.True(attempts.Tried.IsEmpty);
        Assert.Equal((IoError.None, 0), (attempts.LastError, attempts.Waits));
        Assert.False(attempts.WantsFresh);
    }

    [Fact]
    public void Each_failure_rules_one_destination_out()
    {
        var attempts = new Attempts(1);
        attempts.OpenFailed(At(0), IoError.Refused);
        attempts.OpenFailed(At(3), IoError.TimedOut);
        attempts.OpenFailed(At(1000), IoError.TimedOut);
        Assert.Equal([0, 3, 1000], Enumerable.Range(0, 2000).Where(index => attempts.Tried.Has(index)));
        Assert.Equal(IoError.TimedOut, attempts.LastError);
    }

    [Fact]
    public void One_that_failed_beside_another_is_out_of_the_question_and_no_try_of_its_own()
    {
        var attempts = new Attempts(1);
        attempts.OpenFailed(At(0), IoError.Refused);
        attempts.RuleOut(1);
        attempts.TryFailed(2);
        Assert.Equal(1, attempts.Retries);
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 5).Where(index => attempts.Tried.Has(index)));
        attempts.ForgetFailedTries();
        Assert.Equal([0], Enumerable.Range(0, 5).Where(index => attempts.Tried.Has(index)));
    }

    [Fact]
    public void All_waits_have_one_deadline()
    {
        var attempts = new Attempts(1);
        attempts.BeginWait(100);
        attempts.BeginWait(200);
        Assert.Equal((2, 100L), (attempts.Waits, attempts.WaitDeadline));
    }

    private static Destination At(int index) => new("one", 1, []) { Index = index };
}
