using Tailrace.Io;
using Tailrace.Io.Backends;

namespace Tailrace.Tests.Io.Backends;

/// <summary>What a descriptor's handle remembers of failures.</summary>
public sealed class LinuxHandleTests
{
    [Fact]
    public void A_reset_is_not_forgotten_for_the_broken_pipe_that_the_next_send_is_told_of()
    {
        var handle = new UringHandle(0);
        handle.FailSending(IoError.Reset);
        handle.FailSending(IoError.BrokenPipe);
        Assert.Equal(IoError.Reset, handle.SendError);
        Assert.True(handle.IsBroken);
    }

    [Fact]
    public void A_broken_pipe_is_not_the_last_word()
    {
        var handle = new UringHandle(0);
        handle.FailSending(IoError.BrokenPipe);
        Assert.False(handle.HasLost);
        handle.FailSending(IoError.Reset);
        Assert.True(handle.HasLost);
    }
}
