using System.Diagnostics;
using Tailrace.Memory;

namespace Tailrace.Http.H1;

/// <summary>Takes a chunked body apart (RFC 9112 section 7.1), in place and without copying.</summary>
/// <remarks>
/// <para>A mutable value, owned by the reader of one body; <see cref="Reset"/> begins a body. It holds no bytes:
/// framing is judged where it lies. So a chunk-size line, and the whole trailer section, have to be contiguous in the
/// input, which their limits keep small.</para>
/// <para>Strict: CRLF everywhere, at most 16 digits of size, extensions by their grammar, and the CRLF behind the data
/// is read, not skipped. However the input is split, the same data and the same verdict come out.</para>
/// </remarks>
public struct ChunkedDecoder
{
    private const int SizeDigitsMax = 16;

    private HttpLimits _limits;
    private Phase _phase;
    private long _remaining;
    private long _bodyBytes;
    private int _extensionBytes;
    private int _trailerLine;
    private int _trailerScanned;

    private enum Phase : byte
    {
        Size,
        Data,
        DataEnd,
        Trailers,
        Ended,
        Failed,
    }

    /// <summary>Why the body was rejected.</summary>
    public Rejection Rejection { readonly get; private set; }

    /// <summary>
    /// After <see cref="ChunkStep.End"/>: the trailer field lines in that step's input, each with its CRLF, valid by
    /// the rules for fields, without the final empty line. Forward them through <see cref="TrailerFilter"/>.
    /// </summary>
    public ByteSlice Trailers { readonly get; private set; }

    /// <summary>How many body bytes have come out so far.</summary>
    public readonly long BodyBytes => _bodyBytes - _remaining;

    /// <summary>How many of the next bytes are data of the chunk that has begun.</summary>
    public readonly long Ahead => _phase == Phase.Data ? _remaining : 0;

    /// <summary>Takes data that passes by on another way: at most <see cref="Ahead"/> bytes.</summary>
    public void Skip(int count)
    {
        Debug.Assert(count <= Ahead);
        _remaining -= count;
        if (_remaining == 0 && _phase == Phase.Data)
            _phase = Phase.DataEnd;
    }

    /// <summary>Begins a body.</summary>
    public void Reset(HttpLimits limits) => this = new() { _limits = limits };

    /// <summary>Takes the next step. Call again, with what was not consumed, until it needs more.</summary>
    /// <param name="input">Received bytes that are not yet consumed.</param>
    /// <param name="consumed">How many of them are done with after this step, framing and data together.</param>
    /// <param name="data">The body bytes in the input, when there are any: all at one place.</param>
    public ChunkStep Next(ReadOnlySpan<byte> input, out int consumed, out ByteSlice data)
    {
        consumed = 0;
        data = default;
        while (true)
        {
            ReadOnlySpan<byte> rest = input[consumed..];
            ParseStatus status;
            int length;
            switch (_phase)
            {
                case Phase.Size:
                    status = ReadSizeLine(rest, out length);
                    break;
                case Phase.Data:
                    data = TakeData(input, ref consumed);
                    return data.IsEmpty ? ChunkStep.NeedMore : ChunkStep.Data;
                case Phase.DataEnd:
                    status = ReadDataEnd(rest, out length);
                    break;
                case Phase.Trailers:
                    status = ReadTrailers(rest, out length);
                    if (status == ParseStatus.Complete)
                        Trailers = new(consumed, length - 2);
                    break;
                default:
                    return _phase == Phase.Ended ? ChunkStep.End : ChunkStep.Rejected;
            }
            if (status == ParseStatus.NeedMore)
                return ChunkStep.NeedMore;
            if (status == ParseStatus.Rejected)
                _phase = Phase.Failed;
            else
                consumed += length;
            if (_phase == Phase.Ended)
                return ChunkStep.End;
        }
    }

    private ByteSlice TakeData(ReadOnlySpan<byte> input, ref int consumed)
    {
        var data = new ByteSlice(consumed, (int)Math.Min(_remaining, input.Length - consumed));
        consumed += data.Length;
        _remaining -= data.Length;
        if (_remaining > 0)
            return data;
        _phase = Phase.DataEnd;
        // Eaten along when it is there, so that a chunk that came whole is consumed whole. If it is wrong, the next
        // step says so: the data before it was right.
        if (HeaderParser.IsLineEnd(input, consumed))
        {
            consumed += 2;
            _phase = Phase.Size;
        }
        return data;
    }

    private ParseStatus ReadDataEnd(ReadOnlySpan<byte> input, out int length)
    {
        length = 2;
        if (input.IsEmpty || (input.Length == 1 && input[0] == '\r'))
            return ParseStatus.NeedMore;
        if (!HeaderParser.IsLineEnd(input, 0))
            return Reject(Rejection.BadChunk);
        _phase = Phase.Size;
        return ParseStatus.Complete;
    }

    private ParseStatus ReadSizeLine(ReadOnlySpan<byte> input, out int length)
    {
        length = 0;
        ulong size = 0;
        int digits = 0;
        while (digits < input.Length && digits < SizeDigitsMax && char.IsAsciiHexDigit((char)input[digits]))
            size = size << 4 | (uint)HexValue(input[digits++]);
        if (digits == input.Length)
            return ParseStatus.NeedMore;
        if (digits == 0)
            return Reject(Rejection.BadChunk);
        int end = digits;
        // One digit too many ends up here as well, and is no extension.
        if (input[digits] != '\r')
        {
            ParseStatus status = ReadExtensions(input[digits..], out int extensions);
            if (status != ParseStatus.Complete)
                return status;
            end += extensions;
        }
        if (end + 1 == input.Length)
            return ParseStatus.NeedMore;
        if (input[end + 1] != '\n')
            return Reject(Rejection.BadChunk);
        length = end + 2;
        _extensionBytes += end - digits;
        if (_extensionBytes > _limits.ChunkExtensionTotalBytesMax)
            return Reject(Rejection.ChunkExtensionsTooLarge);
        return BeginChunk(size);
    }

    private ParseStatus ReadExtensions(ReadOnlySpan<byte> input, out int length)
    {
        int max = _limits.ChunkExtensionBytesMax;
        ParseStatus status = ChunkExtension.Read(input.Length > max + 1 ? input[..(max + 1)] : input, out length);
        if (status == ParseStatus.Rejected)
            return Reject(Rejection.BadChunk);
        return status == ParseStatus.NeedMore && input.Length > max
            ? Reject(Rejection.ChunkExtensionsTooLarge)
            : status;
    }

    private ParseStatus BeginChunk(ulong size)
    {
        if (size > (ulong)(long.MaxValue - _bodyBytes))
            return Reject(Rejection.BadChunk);
        _remaining = (long)size;
        _bodyBytes += _remaining;
        if (_limits.BodyBytesMax > 0 && _bodyBytes > _limits.BodyBytesMax)
            return Reject(Rejection.BodyTooLarge);
        _phase = size == 0 ? Phase.Trailers : Phase.Data;
        return ParseStatus.Complete;
    }

    /// <summary>Reads the trailer section whole: nothing of it is consumed before its empty line has come.</summary>
    private ParseStatus ReadTrailers(ReadOnlySpan<byte> input, out int length)
    {
        length = 0;
        int max = _limits.TrailerBytesMax;
        ReadOnlySpan<byte> view = input.Length > max ? input[..max] : input;
        ParseStatus status = HeaderParser.Validate(view, ref _trailerLine, _trailerScanned, out Rejection rejection);
        _trailerScanned = view.Length;
        if (status == ParseStatus.Rejected)
            return Reject(rejection);
        if (status == ParseStatus.NeedMore)
            return view.Length == max ? Reject(Rejection.TrailersTooLarge) : status;
        length = _trailerLine;
        _phase = Phase.Ended;
        return status;
    }

    private ParseStatus Reject(Rejection rejection)
    {
        Rejection = rejection;
        return ParseStatus.Rejected;
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
