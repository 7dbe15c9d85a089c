using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tailrace.Io;

/// <summary>Where a datagram came from, as the system writes it (sockaddr), as a plain value of 32 bytes.</summary>
/// <remarks>
/// Kept as it came, so that an answer goes back by it unchanged: the scope of a link-local address is in it, and an
/// IPv4 address that came through a dual-stack socket stays in IPv6's notation. <see cref="Address"/> is for people.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct DatagramAddress : IEquatable<DatagramAddress>
{
    /// <summary>The longest that there is: IPv6.</summary>
    internal const int BytesMax = 28;

    private const int BytesOfIPv4 = 16;

    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _third;
    private readonly uint _last;
    private readonly int _length;

    /// <summary>Copies an address of IPv4 or IPv6.</summary>
    internal DatagramAddress(ReadOnlySpan<byte> raw)
    {
        Debug.Assert(raw.Length is BytesOfIPv4 or BytesMax);
        _length = raw.Length;
        _first = MemoryMarshal.Read<ulong>(raw);
        // The second half of an IPv4 address is padding.
        if (raw.Length == BytesOfIPv4) return;
        _second = MemoryMarshal.Read<ulong>(raw[8..]);
        _third = MemoryMarshal.Read<ulong>(raw[16..]);
        _last = MemoryMarshal.Read<uint>(raw[24..]);
    }

    /// <summary>Bytes of it; 0 for the default value.</summary>
    internal int Length => _length;

    /// <summary>Whether it is in the notation of IPv6.</summary>
    internal bool IsIPv6 => _length == BytesMax;

    /// <summary>The address as the layers above know it.</summary>
    internal NetAddress Address
    {
        get
        {
            if (_length == 0) return default;
            Span<byte> raw = stackalloc byte[BytesMax];
            CopyTo(raw);
            var port = raw[2] << 8 | raw[3];
            return IsIPv6
                ? NetAddress.FromIPv6(raw.Slice(8, 16), port)
                : NetAddress.FromIPv4(raw.Slice(4, 4), port);
        }
    }

    /// <summary>Writes it back as it was.</summary>
    /// <param name="raw">At least <see cref="BytesMax"/> bytes.</param>
    internal void CopyTo(Span<byte> raw)
    {
        MemoryMarshal.Write(raw, _first);
        MemoryMarshal.Write(raw[8..], _second);
        MemoryMarshal.Write(raw[16..], _third);
        MemoryMarshal.Write(raw[24..], _last);
    }

    /// <summary>A hash that nobody can aim at who does not know the secrets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Hash(ulong secret, ulong otherSecret)
    {
        var hash = Fold(_first ^ secret, _second ^ otherSecret);
        if (IsIPv6) hash = Fold(hash ^ _third, _last ^ secret);
        return (uint)(hash ^ hash >> 32);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Equals(DatagramAddress other) =>
        _first == other._first && _second == other._second && _third == other._third && _last == other._last
        && _length == other._length;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is DatagramAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_first, _second, _third, _last);

    /// <inheritdoc/>
    public override string ToString() => Address.ToString();

    private static ulong Fold(ulong one, ulong other)
    {
        var high = Math.BigMul(one, other, out var low);
        return high ^ low;
    }
}
