using System.Buffers.Binary;
using System.Text;

namespace Tailrace.Proxy;

/// <summary>Compares byte strings as dictionary keys, also by span, with or without regard to ASCII case.</summary>
internal sealed class AsciiComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    internal static readonly AsciiComparer Exact = new(false);
    internal static readonly AsciiComparer IgnoreCase = new(true);

    private readonly bool _ignoreCase;

    private AsciiComparer(bool ignoreCase) => _ignoreCase = ignoreCase;

    public bool Equals(byte[]? x, byte[]? y) =>
        x == y || (x is not null && y is not null && Equals((ReadOnlySpan<byte>)x, y));

    public int GetHashCode(byte[] obj) => GetHashCode((ReadOnlySpan<byte>)obj);

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) =>
        _ignoreCase ? Ascii.EqualsIgnoreCase(alternate, other) : alternate.SequenceEqual(other);

    /// <summary>
    /// Word by word, the last one overlapping, with the case bit set where case does not count. Keys come from the
    /// configuration alone, so nobody can choose them to collide.
    /// </summary>
    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        const ulong factor = 0x9E3779B97F4A7C15;
        var mask = _ignoreCase ? 0x2020202020202020u : 0;
        var hash = (ulong)alternate.Length;
        if (alternate.Length < sizeof(ulong))
        {
            foreach (var value in alternate) hash = (hash ^ (value | mask & 0x20)) * factor;
            return (int)(hash >> 32);
        }
        var at = 0;
        for (; at < alternate.Length - sizeof(ulong); at += sizeof(ulong)) hash = Mix(alternate[at..], hash);
        return (int)(Mix(alternate[^sizeof(ulong)..], hash) >> 32);

        ulong Mix(ReadOnlySpan<byte> word, ulong hash)
        {
            hash = (hash ^ (BinaryPrimitives.ReadUInt64LittleEndian(word) | mask)) * factor;
            return hash ^ hash >> 32;
        }
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
