namespace Tailrace.Io;

/// <summary>Why an operation failed.</summary>
/// <remarks>
/// The values up to 4095 are Linux's errno numbers, which other back ends translate to. Those beyond are what a loop
/// says itself: nothing that the system says is ever taken for one of them.
/// </remarks>
public enum IoError
{
    /// <summary>It did not fail.</summary>
    None = 0,

    /// <summary>EPERM or EACCES: the system does not allow it.</summary>
    NotPermitted = 1,

    /// <summary>ENOENT: no file has that name.</summary>
    NotFound = 2,

    /// <summary>EIO: an error that has no name of its own here.</summary>
    Other = 5,

    /// <summary>EAGAIN of a connect: the queue of the Unix socket there is full.</summary>
    BacklogFull = 11,

    /// <summary>ENOMEM or ENOBUFS: the kernel has no memory for it.</summary>
    OutOfMemory = 12,

    /// <summary>ENFILE: the system has no file left, for no process.</summary>
    FileTableFull = 23,

    /// <summary>EMFILE: the process has no descriptor left.</summary>
    OutOfDescriptors = 24,

    /// <summary>EPIPE: the other side no longer receives.</summary>
    BrokenPipe = 32,

    /// <summary>EPROTOTYPE: the Unix socket there is of another type.</summary>
    WrongType = 91,

    /// <summary>EADDRINUSE: another socket has the address.</summary>
    AddressInUse = 98,

    /// <summary>EADDRNOTAVAIL: the address is not this machine's, or no port is left.</summary>
    AddressNotAvailable = 99,

    /// <summary>ENETUNREACH or EHOSTUNREACH: there is no way to the address.</summary>
    Unreachable = 101,

    /// <summary>ECONNABORTED: the system gave the connection up, be it before it was accepted.</summary>
    GivenUp = 103,

    /// <summary>ECONNRESET: the other side reset the connection.</summary>
    Reset = 104,

    /// <summary>ETIMEDOUT: the other side acknowledges nothing any more, or never has.</summary>
    Lost = 110,

    /// <summary>ECONNREFUSED: nothing listens at the address.</summary>
    Refused = 111,

    /// <summary>This side gave the connection up.</summary>
    Aborted = 4096,

    /// <summary>The buffer pool's limit is reached.</summary>
    NoBuffers = 4097,

    /// <summary>A deadline passed that this side has set.</summary>
    TimedOut = 4098,

    /// <summary>The operation was cancelled by its owner.</summary>
    Cancelled = 4099,
}
