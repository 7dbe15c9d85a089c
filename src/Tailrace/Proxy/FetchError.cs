namespace Tailrace.Proxy;

/// <summary>Why a fetch has no answer, or the answer no end: a value, never an exception.</summary>
public enum FetchError : byte
{
    /// <summary>It did not fail.</summary>
    None,

    /// <summary>The URL is not an absolute <c>http</c> URL without user information.</summary>
    BadUrl,

    /// <summary>The host's name could not be looked up.</summary>
    NameNotFound,

    /// <summary>Nothing listens at the address.</summary>
    Refused,

    /// <summary>There is no way to the address.</summary>
    Unreachable,

    /// <summary>The look-up, the connect, the head of the answer or a piece of its body took too long.</summary>
    TimedOut,

    /// <summary>The connection ended before the answer did.</summary>
    Closed,

    /// <summary>What came is not valid HTTP, or goes beyond the limits for answers.</summary>
    Invalid,

    /// <summary>A limit of this side is reached: connections, descriptors, ports, buffers, or names that are
    /// looked up.</summary>
    LimitReached,
}
