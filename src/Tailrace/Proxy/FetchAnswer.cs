using System.Text;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>The answer to a fetch: its head, and a body that is read in pieces or relayed; or an error.</summary>
/// <remarks>
/// Holds a connection until it is disposed of, so begin with <c>using var answer = await ...</c>. A connection whose
/// answer was read to its end serves the next fetch. Belongs to the reactor that it was fetched on.
/// </remarks>
public sealed class FetchAnswer : IDisposable
{
    /// <summary>The first size of a whole body whose length is not known.</summary>
    private const int FirstBytes = 4096;

    private readonly FetchOrigin? _origin;
    private UpstreamConnection? _upstream;
    private bool _hasBegun;

    internal FetchAnswer(FetchError error) => Error = error;

    internal FetchAnswer(FetchOrigin origin, UpstreamConnection upstream)
    {
        _origin = origin;
        _upstream = upstream;
        Status = upstream.Client.Head.Status;
        ContentLength = upstream.Client.Head.ContentLength;
    }

    /// <summary>Why there is no answer, or not the whole of it.</summary>
    public FetchError Error { get; private set; }

    /// <summary>Whether there is an <see cref="Error"/>. An answer of status 500 is none: somebody answered.</summary>
    public bool IsError => Error != FetchError.None;

    /// <summary>The status, 200 to 599; 0 when there is no answer.</summary>
    public int Status { get; }

    /// <summary>The Content-Length, or -1 when there is none.</summary>
    public long ContentLength { get; } = -1;

    /// <summary>The value of a field, or empty. Of a repeated field the first. Valid until the next await.</summary>
    /// <param name="name">In any case.</param>
    public ReadOnlySpan<byte> Header(ReadOnlySpan<byte> name)
    {
        if (_upstream is not { } upstream) return default;
        var bytes = _hasBegun ? upstream.Connection.Input.Kept : upstream.Client.HeadBytes;
        return upstream.Client.Head.Headers.TryFind(name, bytes, out var field) ? field.Value.In(bytes) : default;
    }

    /// <summary>The value of a field as text, or empty.</summary>
    public string Header(string name) => Encoding.Latin1.GetString(Header(Encoding.ASCII.GetBytes(name)));

    /// <summary>Takes body bytes, receiving when there are none yet. Fits bodies of any size and framing.</summary>
    /// <param name="destination">Where they go; not empty.</param>
    /// <returns>The count, 0 at the body's end, or a failure, which <see cref="Error"/> tells too.</returns>
    public async LoopTask<IoResult> ReadAsync(Memory<byte> destination)
    {
        if (_upstream is not { } upstream || IsError) return IoResult.Failure(IoError.Aborted);
        BeginBody(upstream);
        while (true)
        {
            switch (upstream.Client.Body.Take(destination.Span, out var count))
            {
                case BodyStep.Data or BodyStep.End:
                    return IoResult.Success(count);
                case BodyStep.Rejected:
                    Error = FetchError.Invalid;
                    return IoResult.Failure(IoError.Other);
                default:
                    upstream.Connection.SetTimeout(_origin!.Settings.IdleTimeoutMs);
                    var received = await upstream.Connection.FillAsync();
                    if (received is { IsError: false, Bytes: > 0 }) continue;
                    if (!received.IsError && upstream.Client.Body.EndOfStream()) continue;
                    Error = ErrorOf(received.Error);
                    return received.IsError ? received : IoResult.Failure(IoError.Reset);
            }
        }
    }

    /// <summary>Reads the whole body.</summary>
    /// <param name="bytesMax">The most that is taken; a longer body is <see cref="FetchError.LimitReached"/>.</param>
    /// <returns>The body, or null: <see cref="Error"/> says why.</returns>
    public async LoopTask<byte[]?> ReadAllAsync(int bytesMax)
    {
        if (_upstream is not { } upstream || IsError) return null;
        BeginBody(upstream);
        var reader = upstream.Client.Body;
        // Where the length is not known, room for one byte more than there may be tells the end from too much.
        var body = new byte[(int)Math.Min(reader.Remaining >= 0 ? reader.Remaining : FirstBytes, bytesMax + 1L)];
        var length = 0;
        while (!reader.IsEnded && reader.Remaining <= bytesMax && length <= bytesMax)
        {
            if (length == body.Length) Array.Resize(ref body, (int)Math.Min(length * 2L, bytesMax + 1L));
            var read = await ReadAsync(body.AsMemory(length));
            if (read.IsError) return null;
            length += read.Bytes;
        }
        if (reader.IsEnded && length <= bytesMax) return length == body.Length ? body : body[..length];
        Error = FetchError.LimitReached;
        return null;
    }

    /// <summary>Answers an exchange with this answer, at the pace of its client, in constant memory.</summary>
    /// <remarks>
    /// Without an answer to relay the client gets 502, 503 or 504. Ends the answer: nothing can be read after it.
    /// </remarks>
    /// <param name="exchange">One whose own answer has not begun.</param>
    public async LoopTask RelayAsync(Exchange exchange)
    {
        if (exchange.HasBegun) throw new InvalidOperationException("the answer has begun already");
        if (_hasBegun && !IsError) throw new InvalidOperationException("the body has been read from already");
        if (_upstream is not { } upstream || IsError)
        {
            ErrorReply.Write(exchange, StatusOf(Error), $"fetch: {Error}");
            return;
        }
        _hasBegun = true;
        exchange.Upstream = _origin!.Authority;
        exchange.Downstream.AbortWith(upstream.Connection);
        var forwarder = _origin.Forwarder;
        var failure = forwarder.RelayBuffered(exchange, upstream);
        if (failure == UpstreamFailure.NeedMore)
        {
            exchange.BeginWork();
            try
            {
                failure = await forwarder.RelayAsync(exchange, upstream);
            }
            finally
            {
                exchange.EndWork();
            }
        }
        exchange.Downstream.AbortWith(null);
        if (failure != UpstreamFailure.None) forwarder.Refuse(exchange, upstream, failure);
        Dispose();
    }

    /// <summary>Gives the connection back; one whose answer has not ended is closed. Safe to repeat.</summary>
    public void Dispose()
    {
        if (_upstream is not { } upstream) return;
        BeginBody(upstream);
        _upstream = null;
        upstream.Connection.Input.DropKept();
        _origin!.Pool.Return(upstream);
    }

    /// <summary>What an error of the network means to a fetch.</summary>
    internal static FetchError ErrorOf(IoError error) => error switch
    {
        IoError.TimedOut or IoError.Lost => FetchError.TimedOut,
        IoError.Refused => FetchError.Refused,
        IoError.Unreachable or IoError.NotPermitted => FetchError.Unreachable,
        IoError.NoBuffers or IoError.OutOfMemory => FetchError.LimitReached,
        IoError.OutOfDescriptors or IoError.FileTableFull or IoError.AddressNotAvailable => FetchError.LimitReached,
        _ => FetchError.Closed,
    };

    private static int StatusOf(FetchError error) => error switch
    {
        FetchError.TimedOut => 504,
        FetchError.LimitReached => 503,
        _ => 502,
    };

    /// <summary>Leaves the head behind, but readable.</summary>
    private void BeginBody(UpstreamConnection upstream)
    {
        if (_hasBegun) return;
        _hasBegun = true;
        upstream.Client.BeginBody(keepsHead: true);
    }
}
