using System.Net;

namespace Tailrace.Io;

/// <summary>
/// A start-up error of the network: an address that cannot be listened on, an engine that cannot run.
/// </summary>
public sealed class IoException : Exception
{
    /// <summary>An address that cannot be listened on.</summary>
    public IoException(IoError error, EndPoint address)
        : base($"cannot listen on {address}: {error}")
    {
        Error = error;
        Address = address;
    }

    /// <summary>Something else, said in words.</summary>
    public IoException(IoError error, string message)
        : base(message) => Error = error;

    /// <summary>Why.</summary>
    public IoError Error { get; }

    /// <summary>The system's own number of it, for its words; 0 where there is none.</summary>
    internal int Errno { get; init; }

    /// <summary>Whether it is about a socket for datagrams.</summary>
    public bool IsDatagram { get; init; }

    /// <summary>The address it is about, if it is about one.</summary>
    public EndPoint? Address { get; }
}
