using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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
    // Four plain fields: as many as are kept in registers.
    private readonly ref byte _start = ref MemoryMarshal.GetReference(output);
    private readonly int _capacity = output.Length;
    private int _length;

    /// <summary>How many bytes were written.</summary>
    public readonly int Length => _length;

    /// <summary>Whether something did not fit. Then nothing of what was written may be sent.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>What was written.</summary>
    public readonly ReadOnlySpan<byte> Written => MemoryMarshal.CreateReadOnlySpan(ref _start, _length);

    /// <summary>The room that is left.</summary>
    private readonly Span<byte> Free => MemoryMarshal.CreateSpan(ref Next, _capacity - _length);

    private readonly ref byte Next => ref Unsafe.Add(ref _start, _length);

    /// <summary>Copies bytes as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _capacity - _length)
        {
            Overflow();
            return;
        }
        bytes.CopyTo(MemoryMarshal.CreateSpan(ref Next, bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>
    /// The same without a call, for what mostly has 8 to a few hundred bytes: what the writer has in registers stays
    /// there, and a call costs as much as that.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteShort(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _capacity - _length)
        {
            Overflow();
            return;
        }
        ref byte from = ref MemoryMarshal.GetReference(bytes);
        ref byte to = ref Next;
        nint length = bytes.Length;
        // The last piece begins where it ends with the last byte: what it has in common with others is copied twice.
        if (length >= 32)
        {
            for (nint at = 0; at < length - 32; at += 32)
                Copy<Vector256<byte>>(ref from, ref to, at);
            Copy<Vector256<byte>>(ref from, ref to, length - 32);
        }
        else if (length >= 16)
        {
            Copy<Vector128<byte>>(ref from, ref to, 0);
            Copy<Vector128<byte>>(ref from, ref to, length - 16);
        }
        else if (length >= 8)
        {
            Copy<ulong>(ref from, ref to, 0);
            Copy<ulong>(ref from, ref to, length - 8);
        }
        else
        {
            for (nint at = 0; at < length; at++)
                Copy<byte>(ref from, ref to, at);
        }
        _length += bytes.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy<T>(ref byte from, ref byte to, nint at) =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref from, at)));

    /// <summary>Writes one byte.</summary>
    public void WriteByte(byte value)
    {
        if (_length < _capacity)
        {
            Next = value;
            _length++;
        }
        else
        {
            Overflow();
        }
    }

    /// <summary>Writes a number in decimal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteNumber(long value)
    {
        // Lengths of short bodies, and statuses, are most of what is written.
        if ((ulong)value < 1000 && _capacity - _length >= sizeof(uint))
        {
            _length += Format((uint)value, ref Next);
            return;
        }
        int written = Format(value, Free);
        _length += written;
        if (written == 0)
            Overflow();
    }

    /// <summary>The digits of a number below 1,000, put in place at once: four bytes are written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Format(uint value, ref byte to)
    {
        uint tens = value / 10;
        uint hundreds = value / 100;
        uint digits = hundreds | (tens - hundreds * 10) << 8 | (value - tens * 10) << 16;
        int length = value >= 100 ? 3 : value >= 10 ? 2 : 1;
        digits = (digits | 0x303030) >> (8 * (3 - length));
        if (!BitConverter.IsLittleEndian)
            digits = BinaryPrimitives.ReverseEndianness(digits);
        Unsafe.WriteUnaligned(ref to, digits);
        return length;
    }

    /// <summary>The digits of any number; 0 when they do not fit. A method of the writer would need its address.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Format(long value, Span<byte> free) =>
        Utf8Formatter.TryFormat(value, free, out int written) ? written : 0;

    /// <summary>Writes the CRLF that ends a line or, on its own, the head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Overflow()
    {
        Overflowed = true;
        _length = _capacity;
    }
}
