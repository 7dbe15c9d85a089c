using System.Net;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>
/// A connection to a destination with the HTTP client on it; while it is idle, a watcher of its own end.
/// </summary>
/// <remarks>
/// Leased to one exchange at a time, else in its pool. When its connection carries HTTP no more it is used again for
/// another. Used on its reactor's thread only.
/// </remarks>
internal sealed class UpstreamConnection : Lease
{
    private readonly UpstreamPool _pool;

    internal UpstreamConnection(UpstreamPool pool)
    {
        _pool = pool;
        Client = new H1Client(pool.Settings.Limits);
    }

    internal Destination Destination { get; private set; } = null!;

    internal SocketAddress Address { get; private set; } = null!;

    internal SocketConnection Connection { get; private set; } = null!;

    internal H1Client Client { get; }

    /// <summary>When its request began, in the loop's time.</summary>
    internal long StartedAt { get; set; }

    /// <summary>The same in microseconds, where that is wanted.</summary>
    internal long StartedAtMicroseconds { get; set; }

    /// <summary>How long its answer may take to begin; 0 for no limit.</summary>
    internal int FirstByteMs { get; set; }

    /// <summary>What is left of that; 0 for no limit. Interim answers do not prolong it.</summary>
    internal int FirstByteLeftMs(long now) =>
        FirstByteMs == 0 ? 0 : (int)Math.Max(StartedAt + FirstByteMs - now, 1);

    /// <summary>After how many milliseconds another destination gets the request as well; 0 for never.</summary>
    internal int HedgeMs { get; set; }

    /// <summary>Whether it is that other one.</summary>
    internal bool IsHedge { get; set; }

    /// <summary>Whether its answer has begun, as <see cref="ClusterLoad.Answering"/> counts.</summary>
    internal bool IsAnswering { get; set; }

    /// <summary>Whether the breaker knows already what has come of its request.</summary>
    internal bool IsJudged { get; set; }

    /// <summary>Whether an earlier request was answered on it.</summary>
    internal bool IsReused { get; set; }

    /// <summary>How the sending of the request's body ended.</summary>
    internal RelayResult Upload { get; set; }

    /// <summary>
    /// Whether the request's body can never be completed: the client left or broke the rules, or memory ran out.
    /// </summary>
    internal bool HasUploadFailed =>
        Upload.End is RelayEnd.ReadFailed or RelayEnd.Truncated or RelayEnd.Rejected
        || Upload.Error.IsShortage();

    /// <summary>
    /// Whether nothing is to be hoped for any more: the body can never be completed, or was not taken in time.
    /// </summary>
    internal bool IsUploadOver => HasUploadFailed || Upload.Error == IoError.TimedOut;

    /// <summary>The sending of the request, until its end is awaited.</summary>
    internal LoopTask Sending { get; set; }

    /// <summary>Whether the request has been sent whole.</summary>
    internal bool IsRequestSent { get; set; }

    /// <summary>Stops the sending of a request's body, be it in a wait or between two; it ends soon.</summary>
    internal void StopSending(Exchange exchange)
    {
        Client.RequestBody.Stop();
        exchange.Downstream.CancelFill();
        Connection.CancelFlush();
    }

    /// <summary>Begins with a connection on which nothing has been said.</summary>
    internal UpstreamConnection On(Destination destination, SocketAddress address, SocketConnection connection)
    {
        Destination = destination;
        Address = address;
        Connection = connection;
        Client.On(connection);
        FirstByteMs = HedgeMs = 0;
        IsHedge = IsAnswering = IsJudged = IsReused = IsRequestSent = false;
        Upload = default;
        Sending = default;
        return this;
    }

    /// <inheritdoc/>
    internal override async LoopTask AbandonAsync(Exchange exchange)
    {
        exchange.Lease = null;
        exchange.Downstream.AbortWith(null);
        StopSending(exchange);
        var sending = Sending;
        Sending = default;
        try
        {
            await sending;
        }
        catch (Exception)
        {
            // What failed first is what is told.
        }
        _pool.Close(this);
    }

    /// <summary>
    /// The armed receive of an idle connection completed: it was closed, timed out, or sent what nobody asked for.
    /// </summary>
    internal override void Resume() => _pool.Evict(this);
}
