using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Why no connection to a destination could be opened: in words, the same for all protocols.</summary>
internal static class ConnectFaults
{
    /// <summary>The cause as logs and answers have it.</summary>
    internal static string WordsOf(IoError error) => error switch
    {
        _ when error.IsShortage() => ErrorReply.NoBuffers,
        _ when error.IsOutOfDescriptors() => "no descriptor or port left",
        IoError.AddressNotAvailable => "no descriptor or port left",
        IoError.BacklogFull => "the queue of its socket is full",
        IoError.TimedOut or IoError.Lost => "connect timed out",
        IoError.Refused => "connect refused",
        IoError.Reset => "connect reset",
        IoError.Unreachable => "connect failed: there is no way to its address",
        IoError.NotFound => "connect failed: its socket does not exist",
        IoError.WrongType => "connect failed: its socket is of another type",
        IoError.NotPermitted => "connect failed: it is not permitted",
        _ => "connect failed",
    };

    /// <summary>The status of an answer: 503 where this side lacks something, else the destination's fault.</summary>
    internal static int StatusOf(IoError error) => error switch
    {
        _ when error.IsShortage() || error.IsOutOfDescriptors() => 503,
        IoError.AddressNotAvailable or IoError.BacklogFull => 503,
        IoError.TimedOut or IoError.Lost => 504,
        _ => 502,
    };
}
