using System.Buffers.Text;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Tailrace.Http.H1;

/// <summary>
/// Writes a message head into a span. It never throws: what does not fit is remembered, once, for the end.
/// </summary>
/// <remarks>
/// The span belongs to the caller. It writes what it is given: names and values are the caller's to validate
/// (<see cref="HttpSyntax"/>) where they come from configuration, and are valid already where they were parsed.
/// </remarks>
/// <param name="output">Where the head goes.</param>
public ref struct HeadWriter(Span<byte> output)
{
    private readonly Span<byte> _output = output;
    private int _length;

    /// <summary>How many bytes were written.</summary>
    public readonly int Length => _length;

    /// <summary>The room that is left; follow a write by <see cref="Advance"/>.</summary>
    public readonly Span<byte> Free => _output[_length..];

    /// <summary>Whether something did not fit. Then nothing of what was written may be sent.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>What was written.</summary>
    public readonly ReadOnlySpan<byte> Written => _output[.._length];

    /// <summary>Copies bytes as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.TryCopyTo(_output[_length..]))
            _length += bytes.Length;
        else
            Overflow();
    }

    /// <summary>Counts bytes that were written to <see cref="Free"/>.</summary>
    public void Advance(int count)
    {
        Debug.Assert((uint)count <= (uint)(_output.Length - _length));
        _length += count;
    }

    /// <summary>Writes one byte.</summary>
    public void WriteByte(byte value)
    {
        if ((uint)_length < (uint)_output.Length)
            _output[_length++] = value;
        else
            Overflow();
    }

    /// <summary>Writes a number in decimal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteNumber(long value)
    {
        // Lengths of short bodies, and statuses, are most of what is written.
        Span<byte> free = Free;
        if ((ulong)value < 1000 && free.Length >= 3)
            _length += WriteShort((uint)value, free);
        else
            WriteLong(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int WriteShort(uint value, Span<byte> free)
    {
        int length = value >= 100 ? 3 : value >= 10 ? 2 : 1;
        uint tens = value / 10;
        free[length - 1] = (byte)('0' + value - tens * 10);
        if (length == 1)
            return 1;
        uint hundreds = tens / 10;
        free[length - 2] = (byte)('0' + tens - hundreds * 10);
        if (length == 3)
            free[0] = (byte)('0' + hundreds);
        return length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteLong(long value)
    {
        if (Utf8Formatter.TryFormat(value, Free, out int written))
            _length += written;
        else
            Overflow();
    }

    /// <summary>Writes the CRLF that ends a line or, on its own, the head.</summary>
    public void WriteCrlf() => Write("\r\n"u8);

    /// <summary>Writes a field line.</summary>
    public void WriteHeader(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        Write(name);
        Write(": "u8);
        Write(value);
        WriteCrlf();
    }

    /// <summary>Writes a field line with a number.</summary>
    public void WriteHeader(scoped ReadOnlySpan<byte> name, long value)
    {
        Write(name);
        Write(": "u8);
        WriteNumber(value);
        WriteCrlf();
    }

    /// <summary>Writes <c>method target HTTP/1.1</c>.</summary>
    public void WriteRequestLine(scoped ReadOnlySpan<byte> method, scoped ReadOnlySpan<byte> target)
    {
        Write(method);
        WriteByte((byte)' ');
        Write(target);
        Write(" HTTP/1.1\r\n"u8);
    }

    /// <summary>Writes a status line of our own version with the registered reason.</summary>
    public void WriteStatusLine(int status)
    {
        ReadOnlySpan<byte> common = status switch
        {
            200 => "HTTP/1.1 200 OK\r\n"u8,
            204 => "HTTP/1.1 204 No Content\r\n"u8,
            206 => "HTTP/1.1 206 Partial Content\r\n"u8,
            304 => "HTTP/1.1 304 Not Modified\r\n"u8,
            404 => "HTTP/1.1 404 Not Found\r\n"u8,
            _ => [],
        };
        if (common.IsEmpty)
            WriteStatusLine(status, StatusText.Of(status));
        else
            Write(common);
    }

    /// <summary>Writes a status line of our own version with a reason.</summary>
    public void WriteStatusLine(int status, scoped ReadOnlySpan<byte> reason)
    {
        Write("HTTP/1.1 "u8);
        WriteNumber(status);
        WriteByte((byte)' ');
        Write(reason);
        WriteCrlf();
    }

    /// <summary>Nothing is written any more, so that a head with a hole in it cannot pass for a whole one.</summary>
    private void Overflow()
    {
        Overflowed = true;
        _length = _output.Length;
    }
}
