using Tailrace.Io;
using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>What is said of a connect that failed, and whose fault it is.</summary>
public sealed class ConnectFaultsTests
{
    [Theory]
    [InlineData(IoError.NotFound, 502, "connect failed: its socket does not exist")]
    [InlineData(IoError.NotPermitted, 502, "connect failed: it is not permitted")]
    [InlineData(IoError.WrongType, 502, "connect failed: its socket is of another type")]
    [InlineData(IoError.Unreachable, 502, "connect failed: there is no way to its address")]
    [InlineData(IoError.Refused, 502, "connect refused")]
    [InlineData(IoError.Reset, 502, "connect reset")]
    [InlineData(IoError.Other, 502, "connect failed")]
    [InlineData(IoError.TimedOut, 504, "connect timed out")]
    [InlineData(IoError.Lost, 504, "connect timed out")]
    [InlineData(IoError.OutOfDescriptors, 503, "no descriptor or port left")]
    [InlineData(IoError.FileTableFull, 503, "no descriptor or port left")]
    [InlineData(IoError.AddressNotAvailable, 503, "no descriptor or port left")]
    [InlineData(IoError.BacklogFull, 503, "the queue of its socket is full")]
    [InlineData(IoError.NoBuffers, 503, "the buffer limit is reached")]
    [InlineData(IoError.OutOfMemory, 503, "the buffer limit is reached")]
    public void The_cause_is_told_in_words_and_by_a_status(IoError error, int status, string words)
    {
        Assert.Equal((status, words), (ConnectFaults.StatusOf(error), ConnectFaults.WordsOf(error)));
        Assert.Equal(status != 503, Lessor.IsFault(error));
    }
}
