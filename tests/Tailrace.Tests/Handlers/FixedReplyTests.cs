using Tailrace.Handlers;
using Tailrace.Sessions;

namespace Tailrace.Tests.Handlers;

/// <summary>What a fixed reply can be; what it says on the wire stands in the transcripts.</summary>
public sealed class FixedReplyTests
{
    [Fact]
    public void It_is_no_larger_than_one_piece()
    {
        _ = new FixedReply(200, "", new byte[Exchange.PieceBytesMax]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new FixedReply(200, "", new byte[Exchange.PieceBytesMax + 1]));
    }

    [Fact]
    public void It_never_waits() => Assert.True(FixedReply.NotFound.IsImmediate);
}
