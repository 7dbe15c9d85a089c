using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Sessions;

/// <summary>Writes the body of one HTTP/1.1 message behind its head; the same for requests and responses.</summary>
/// <remarks>
/// Small pieces are copied behind what waits in the connection's output, so that a head and a short body leave in one
/// send; large ones are sent from where they lie. Used on the connection's reactor only, and again for each message.
/// </remarks>
public sealed class BodyWriter
{
    /// <summary>The largest piece that is copied rather than sent from where it lies.</summary>
    internal const int CopyMax = 4096;

    /// <summary>Room for what surrounds a chunk: the last one's CRLF, 16 hex digits, CRLF, and its own CRLF.</summary>
    private const int ChunkOverhead = 24;

    private Connection _connection = null!;
    private BodyKind _kind;
    private bool _owesCrlf;

    /// <summary>Body bytes written, framing not counted.</summary>
    public long Written { get; private set; }

    /// <summary>Whether body bytes are dropped: the answer to HEAD, 204, 304.</summary>
    public bool IsDiscarding => _kind == BodyKind.None;

    /// <summary>Whether <see cref="Stop"/> was called since the body began.</summary>
    internal bool IsStopped { get; private set; }

    /// <summary>
    /// The rest of the body is not wanted. What waits on its connections is for the caller to cancel; whoever writes it
    /// between two waits sees it here.
    /// </summary>
    internal void Stop() => IsStopped = true;

    /// <summary>Begins a body of the given framing.</summary>
    internal void Begin(Connection connection, BodyKind kind)
    {
        if (_connection != connection) _connection = connection;
        _kind = kind;
        _owesCrlf = IsStopped = false;
        Written = 0;
    }

    /// <summary>Forgets the last body. Nothing can be written before <see cref="Begin"/>.</summary>
    internal void Clear()
    {
        _connection = null!;
        _kind = BodyKind.None;
        _owesCrlf = false;
        Written = 0;
    }

    /// <summary>Tells of a body that was written with its head, behind which nothing can be written.</summary>
    internal void BeginWritten(long length) => Written = length;

    /// <summary>Appends a copy to the connection's output when that is the cheaper way.</summary>
    /// <returns>False when <see cref="SendAsync"/> has to be used.</returns>
    public bool TryCopy(ByteBuffer source, int count)
    {
        if (_kind == BodyKind.None)
        {
            source.Consume(count);
            return true;
        }
        if (count > CopyMax || !TryAppend(source.Unread[..count])) return false;
        source.Consume(count);
        return true;
    }

    /// <summary>Appends a copy of a piece of the body to the connection's output.</summary>
    /// <returns>False when it does not fit: flush first.</returns>
    public bool TryAppend(ReadOnlySpan<byte> piece)
    {
        if (_kind == BodyKind.None || piece.IsEmpty) return true;
        var output = _connection.Output;
        if (!output.TryReserve(piece.Length + ChunkOverhead)) return false;
        if (_kind == BodyKind.Chunked)
        {
            BeginChunk(piece.Length);
            output.TryAppend(piece);
            output.TryAppend(ChunkedEncoder.ChunkEnd);
        }
        else
        {
            output.TryAppend(piece);
        }
        Written += piece.Length;
        return true;
    }

    /// <summary>
    /// Whether the output has room for what surrounds a piece that <see cref="SendAsync"/> sends; else flush first.
    /// </summary>
    internal bool HasRoom => _kind != BodyKind.Chunked || _connection.Output.TryReserve(ChunkOverhead);

    /// <summary>
    /// Sends what waits in the output and then <paramref name="count"/> bytes of <paramref name="source"/>.
    /// </summary>
    public IoTask SendAsync(ByteBuffer source, int count) =>
        TryBeginPiece(count)
            ? _connection.FlushAsync(source, count)
            : new IoTask(IoResult.Failure(IoError.NoBuffers));

    /// <summary>Sends what waits in the output and then what <paramref name="source"/> has received unseen.</summary>
    internal IoTask SendUnseenAsync(Connection source) =>
        TryBeginPiece(source.Unseen)
            ? _connection.FlushUnseenAsync(source)
            : new IoTask(IoResult.Failure(IoError.NoBuffers));

    /// <summary>Writes what comes before a piece that is sent from where it lies.</summary>
    private bool TryBeginPiece(int count)
    {
        if (_kind == BodyKind.Chunked)
        {
            if (!_connection.Output.TryReserve(ChunkOverhead)) return false;
            BeginChunk(count);
            _owesCrlf = true;
        }
        Written += count;
        return true;
    }

    /// <summary>Writes the end of a chunk that was sent without it, when no next one is in sight.</summary>
    /// <remarks>Many receivers hand a chunk on only when they have seen its end.</remarks>
    /// <returns>Whether there was one to write.</returns>
    internal bool TrySettle()
    {
        if (!_owesCrlf || !_connection.Output.TryAppend(ChunkedEncoder.ChunkEnd)) return false;
        _owesCrlf = false;
        return true;
    }

    /// <summary>Writes what ends the body.</summary>
    /// <param name="trailers">Trailer field lines as received; those that may not pass are left out.</param>
    /// <returns>False when there was no room.</returns>
    public bool TryEnd(ReadOnlySpan<byte> trailers)
    {
        if (_kind != BodyKind.Chunked) return true;
        var output = _connection.Output;
        if (!output.TryReserve(trailers.Length + ChunkOverhead)) return false;
        if (_owesCrlf) output.TryAppend(ChunkedEncoder.ChunkEnd);
        output.TryAppend(ChunkedEncoder.LastChunkHeader);
        if (TrailerFilter.TryCopy(trailers, output.Writable, out var copied)) output.Commit(copied);
        output.TryAppend(ChunkedEncoder.ChunkEnd);
        return true;
    }

    private void BeginChunk(int count)
    {
        var output = _connection.Output;
        if (_owesCrlf) output.TryAppend(ChunkedEncoder.ChunkEnd);
        _owesCrlf = false;
        output.Commit(ChunkedEncoder.WriteHeader(count, output.Writable));
    }
}
