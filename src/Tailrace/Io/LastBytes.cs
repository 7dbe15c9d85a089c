namespace Tailrace.Io;

/// <summary>How long a stream that is over here is kept for last bytes that its other side has not taken.</summary>
internal struct LastBytes
{
    /// <summary>How long while the other side takes none.</summary>
    internal const int PatienceMs = 10_000;

    /// <summary>How long in all: no cap of connections counts it, so a byte now and then is not enough.</summary>
    internal const int LimitMs = 60_000;

    private int _owed;
    private long _end;

    /// <summary>The stream is over: nothing more is to go there than what there is.</summary>
    /// <param name="owed">The bytes that the other side has not taken yet.</param>
    /// <param name="now">The time, in milliseconds.</param>
    internal LastBytes(int owed, long now) => (_owed, _end) = (owed, now + LimitMs);

    /// <summary>Whether the stream is kept for <see cref="PatienceMs"/> more: the other side has taken some.</summary>
    /// <param name="owed">The bytes that it has not taken yet.</param>
    /// <param name="now">The time, in milliseconds.</param>
    /// <param name="hasSent">Whether more has been sent since: there was room only for as much as it has taken.</param>
    internal bool GoesOn(int owed, long now, bool hasSent = false)
    {
        var hasTaken = hasSent || owed < _owed;
        _owed = owed;
        return hasTaken && now < _end;
    }
}
