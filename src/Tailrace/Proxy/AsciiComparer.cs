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

    /// <summary>FNV-1a, with the case bit set where case does not count.</summary>
    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = 2166136261u;
        var mask = _ignoreCase ? 0x20u : 0u;
        foreach (var value in alternate) hash = (hash ^ (value | mask)) * 16777619u;
        return (int)hash;
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
