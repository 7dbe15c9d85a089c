namespace Tailrace.Io;

/// <summary>Tells a direction in which bytes come in bulk from one that chats, by what its receives bring.</summary>
internal struct BulkGauge
{
    private readonly int _from;
    private readonly int _piece;
    private int _run;

    /// <summary>Begins with a direction of which nothing is known, or that is said to be bulk.</summary>
    internal BulkGauge(EventLoop loop, bool isBulk)
    {
        _from = loop.UnseenFrom;
        _piece = loop.UnseenPiece;
        _run = isBulk ? _from : 0;
    }

    /// <summary>
    /// Whether the next receive, where so much is ahead, should be
    /// <see cref="Connection.FillUnseenAsync">unseen</see>.
    /// </summary>
    internal readonly bool IsBulk(int ahead) => _run >= _from && ahead >= _from && _from < int.MaxValue;

    /// <summary>Takes down what a receive has brought.</summary>
    internal void Received(int bytes, bool isUnseen)
    {
        if (bytes >= _piece) _run += Math.Min(bytes, _from - _run);
        // In the midst of bulk a loop may still have looked at a few bytes.
        else if (isUnseen || _run < _from) _run = 0;
    }
}
