using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Sessions;

/// <summary>
/// Finds the body of one HTTP/1.1 message in a connection's input; the same for requests and responses.
/// </summary>
/// <remarks>
/// Pulls nothing by itself: <see cref="Next(out int)"/> says how many body bytes lie at the front of the input, and the
/// caller consumes exactly those, by copying or by sending them from where they are. Framing bytes never leave this
/// class. Used on the connection's reactor only, and again for each message.
/// </remarks>
public sealed class BodyReader
{
    private ChunkedDecoder _decoder;
    private ByteBuffer _input = null!;
    private long _remaining;
    private int _deferred;
    private int _chunkLeft;
    private ByteSlice _trailers;

    /// <summary>How the body is framed.</summary>
    public BodyKind Kind { get; private set; }

    /// <summary>Whether the whole body has been taken.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Body bytes found so far.</summary>
    public long Received { get; private set; }

    /// <summary>Why the body was rejected.</summary>
    public Rejection Rejection { get; private set; }

    /// <summary>Bytes that are still to come, where that is known; else -1.</summary>
    public long Remaining => Kind == BodyKind.Length ? _remaining : IsEnded ? 0 : -1;

    /// <summary>After <see cref="BodyStep.End"/>: the trailer field lines as received, validated, or nothing.</summary>
    public ReadOnlySpan<byte> Trailers => _trailers.IsEmpty ? default : _trailers.In(_input.Unread);

    /// <summary>Begins a body at the front of <paramref name="input"/>.</summary>
    /// <param name="input">The connection's input, its head already consumed or kept.</param>
    /// <param name="kind">The framing that was decided.</param>
    /// <param name="length">The length, for <see cref="BodyKind.Length"/>.</param>
    /// <param name="limits">Limits of chunked bodies.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Begin(ByteBuffer input, BodyKind kind, long length, HttpLimits limits)
    {
        Reset(kind, length);
        if (!IsEnded && _input != input) _input = input;
        if (kind == BodyKind.Chunked) _decoder.Reset(limits);
    }

    /// <summary>The same for a body of known length that was taken already, with its head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void BeginTaken(long length)
    {
        Reset(BodyKind.Length, 0);
        Received = length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reset(BodyKind kind, long length)
    {
        Kind = kind;
        _remaining = length;
        _deferred = _chunkLeft = 0;
        _trailers = default;
        Received = 0;
        Rejection = Rejection.None;
        IsEnded = kind == BodyKind.None || (kind == BodyKind.Length && length == 0);
        // A body that has ended is not looked for, least of all in the input of another connection.
        if (IsEnded) _input = null!;
    }

    /// <summary>Looks for body bytes in what has been received.</summary>
    /// <param name="count">
    /// For <see cref="BodyStep.Data"/>: bytes at the front of the input that the caller has to consume before it asks
    /// again.
    /// </param>
    public BodyStep Next(out int count) => Next(int.MaxValue, out count);

    /// <summary>The same, for at most <paramref name="limit"/> bytes at a time.</summary>
    public BodyStep Next(int limit, out int count)
    {
        count = 0;
        if (IsEnded) return BodyStep.End;
        if (Rejection != Rejection.None) return BodyStep.Rejected;
        if (Kind != BodyKind.Chunked) return NextPlain(limit, out count);
        return _chunkLeft > 0 ? NextOfChunk(limit, out count) : NextChunked(limit, out count);
    }

    /// <summary>Takes body bytes that have been received; at the end also the trailers, which are dropped.</summary>
    /// <param name="destination">Where they go; not empty.</param>
    /// <param name="count">How many there were.</param>
    public BodyStep Take(Span<byte> destination, out int count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(destination.Length);
        var step = Next(destination.Length, out count);
        if (step == BodyStep.Data)
        {
            _input.Unread[..count].CopyTo(destination);
            _input.Consume(count);
        }
        else if (step == BodyStep.End)
        {
            TakeTrailers();
        }
        return step;
    }

    /// <summary>
    /// After <see cref="BodyStep.NeedMore"/>: how many of the next bytes are the body's, whatever they say.
    /// </summary>
    internal int Ahead => (int)Math.Min(int.MaxValue, Kind switch
    {
        BodyKind.Length => _remaining,
        BodyKind.Chunked => _decoder.Ahead,
        _ => long.MaxValue,
    });

    /// <summary>Takes body bytes that pass by on another way: at most <see cref="Ahead"/>.</summary>
    internal void Skip(int count)
    {
        Debug.Assert(_input.IsEmpty && count <= Ahead);
        Received += count;
        if (Kind == BodyKind.Chunked) _decoder.Skip(count);
        if (Kind != BodyKind.Length) return;
        _remaining -= count;
        IsEnded = _remaining == 0;
    }

    /// <summary>Tells that the other side ended the stream.</summary>
    /// <returns>Whether that is the body's proper end.</returns>
    public bool EndOfStream()
    {
        if (Kind == BodyKind.UntilClose) IsEnded = true;
        return IsEnded;
    }

    /// <summary>Consumes the trailers once they have been used.</summary>
    public void TakeTrailers()
    {
        Debug.Assert(IsEnded);
        if (_deferred == 0) return;
        _input.Consume(_deferred);
        _deferred = 0;
        _trailers = default;
    }

    private BodyStep NextPlain(int limit, out int count)
    {
        var available = Math.Min(_input.Length, limit);
        count = Kind == BodyKind.Length ? (int)Math.Min(_remaining, available) : available;
        if (count == 0) return BodyStep.NeedMore;
        Received += count;
        if (Kind == BodyKind.Length)
        {
            _remaining -= count;
            IsEnded = _remaining == 0;
        }
        return BodyStep.Data;
    }

    /// <summary>The rest of a run of which a part was given out.</summary>
    private BodyStep NextOfChunk(int limit, out int count)
    {
        count = Math.Min(_chunkLeft, limit);
        _chunkLeft -= count;
        Received += count;
        return BodyStep.Data;
    }

    private BodyStep NextChunked(int limit, out int count)
    {
        _input.Consume(_deferred);
        _deferred = 0;
        count = 0;
        switch (_decoder.Next(_input.Unread, out var consumed, out var data))
        {
            case ChunkStep.Data:
                _input.Consume(data.Offset);
                _deferred = consumed - data.End;
                _chunkLeft = data.Length;
                return NextOfChunk(limit, out count);
            case ChunkStep.NeedMore:
                _input.Consume(consumed);
                return BodyStep.NeedMore;
            case ChunkStep.End:
                IsEnded = true;
                _trailers = _decoder.Trailers;
                _deferred = consumed;
                if (_trailers.IsEmpty) TakeTrailers();
                return BodyStep.End;
            default:
                Rejection = _decoder.Rejection;
                return BodyStep.Rejected;
        }
    }
}
