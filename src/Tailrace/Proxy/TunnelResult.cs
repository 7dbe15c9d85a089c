using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>How a tunnel came to its end.</summary>
internal enum TunnelEnd : byte
{
    /// <summary>Both sides ended their streams, and everything was delivered.</summary>
    Closed,

    /// <summary>A side was reset or lost, or could no longer be written to.</summary>
    Reset,

    /// <summary>Nothing moved either way for too long.</summary>
    Idle,

    /// <summary>It had lived as long as it may.</summary>
    Expired,

    /// <summary>Its owner gave it up.</summary>
    Aborted,

    /// <summary>The buffer limit was reached, or the system had no memory.</summary>
    NoBuffers,

    /// <summary>It never began: no destination could be connected to.</summary>
    Unreachable,

    /// <summary>It never began: it was turned away.</summary>
    Refused,
}

/// <summary>One end of a tunnel, or several.</summary>
[Flags]
internal enum TunnelSide : byte
{
    /// <summary>Neither: the proxy itself.</summary>
    None = 0,

    /// <summary>The client's side.</summary>
    Downstream = 1,

    /// <summary>The origin's side.</summary>
    Upstream = 2,
}

/// <summary>How long a tunnel may stay open, in milliseconds; 0 means no limit.</summary>
/// <param name="IdleTimeoutMs">The longest time in which nothing moves in either direction.</param>
/// <param name="LifetimeMs">The longest time altogether.</param>
internal readonly record struct TunnelLimits(int IdleTimeoutMs, int LifetimeMs);

/// <summary>What became of a tunnel.</summary>
/// <param name="End">How it ended.</param>
/// <param name="By">Who ended it: the side whose stream ended first, or the one that was reset.</param>
/// <param name="Error">What was read or written last, when that failed.</param>
/// <param name="MustReset">
/// Whether both connections are to be closed by a reset: a reset is passed on as one, and a stream that was cut must
/// not look like one that ended.
/// </param>
/// <param name="BytesUp">Bytes delivered to the upstream.</param>
/// <param name="BytesDown">Bytes delivered to the downstream.</param>
internal readonly record struct TunnelResult(
    TunnelEnd End, TunnelSide By, IoError Error, bool MustReset, long BytesUp, long BytesDown);
