namespace Tailrace.Proxy;

/// <summary>Why there is no answer from an upstream, or not the whole of it.</summary>
internal enum UpstreamFailure : byte
{
    /// <summary>There is one.</summary>
    None,

    /// <summary>None yet: more has to be received.</summary>
    NeedMore,

    /// <summary>The connection ended before the answer was complete.</summary>
    Closed,

    /// <summary>The connection was lost: the destination acknowledges nothing any more.</summary>
    Lost,

    /// <summary>No answer came in time.</summary>
    TimedOut,

    /// <summary>What came is not valid HTTP.</summary>
    Invalid,

    /// <summary>Interim answers came without end.</summary>
    Flooded,

    /// <summary>The head of an answer, with what is added to it, has no room in the client's output.</summary>
    NoRoom,

    /// <summary>The buffer limit is reached.</summary>
    NoBuffers,

    /// <summary>The client left.</summary>
    ClientGone,

    /// <summary>The client took too long over its request's body.</summary>
    ClientTimedOut,

    /// <summary>The request's body broke the rules.</summary>
    RequestRejected,
}
