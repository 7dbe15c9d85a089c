namespace Tailrace.Proxy;

/// <summary>Where a forwarded connection stands.</summary>
internal enum StreamState : byte
{
    /// <summary>The connect to a destination is under way.</summary>
    Connecting,

    /// <summary>Both sides are there, and no byte waits.</summary>
    Connected,

    /// <summary>Bytes have come from a side.</summary>
    Reading,

    /// <summary>Bytes wait until a side takes them.</summary>
    Writing,

    /// <summary>A side has ended its stream or is broken, and what is left is being delivered.</summary>
    Closing,

    /// <summary>Nothing is left, and its objects are free for another connection.</summary>
    Closed,
}
