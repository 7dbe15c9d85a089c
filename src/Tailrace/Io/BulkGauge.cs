namespace Tailrace.Io;

/// <summary>Tells a direction in which bytes come in bulk from one that chats, by what its receives bring.</summary>
/// <remarks>The default value knows nothing yet. What is bulk differs from loop to loop, which is given each time:
/// thousands of these are kept, and all of a loop's would say the same.</remarks>
internal struct BulkGauge
{
    private int _run;

    /// <summary>Begins with a direction that is said to be bulk.</summary>
    internal static BulkGauge Bulk(EventLoop loop) => new() { _run = loop.UnseenFrom };

    /// <summary>
    /// Whether the next receive, where so much is ahead, should be
    /// <see cref="Connection.FillUnseenAsync">unseen</see>.
    /// </summary>
    internal readonly bool IsBulk(EventLoop loop, int ahead)
    {
        var from = loop.UnseenFrom;
        return _run >= from && ahead >= from && from < int.MaxValue;
    }

    /// <summary>Takes down what a receive has brought.</summary>
    internal void Received(EventLoop loop, int bytes, bool isUnseen)
    {
        if (bytes >= loop.UnseenPiece) _run += Math.Min(bytes, loop.UnseenFrom - _run);
        // In the midst of bulk a loop may still have looked at a few bytes.
        else if (_run > 0 && (isUnseen || _run < loop.UnseenFrom)) _run = 0;
    }
}
