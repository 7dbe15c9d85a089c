using System.Buffers;

namespace Tailrace.Http.H1;

/// <summary>The inner loops of the head parsers: how far a run of valid bytes goes. Pure; any thread.</summary>
internal static class FieldScan
{
    private static readonly SearchValues<byte> FieldBytes = SearchValues.Create(AllWhere(HttpSyntax.IsFieldByte));
    private static readonly SearchValues<byte> PathBytes =
        SearchValues.Create(AllWhere(static value => HttpSyntax.IsTargetByte(value) && value != '?'));
    private static readonly SearchValues<byte> TargetBytes = SearchValues.Create(AllWhere(HttpSyntax.IsTargetByte));

    /// <summary>How many bytes at the start may stand in a field name.</summary>
    public static int Name(ReadOnlySpan<byte> input)
    {
        int length = 0;
        while (length < input.Length && HttpSyntax.IsTokenByte(input[length]))
            length++;
        return length;
    }

    /// <summary>How many bytes at the start may stand in a field value, blanks included.</summary>
    public static int Value(ReadOnlySpan<byte> input) => LengthOf(input, FieldBytes);

    /// <summary>How many bytes at the start may stand in a target before its question mark.</summary>
    public static int Path(ReadOnlySpan<byte> input) => LengthOf(input, PathBytes);

    /// <summary>How many bytes at the start may stand in a target.</summary>
    public static int Target(ReadOnlySpan<byte> input) => LengthOf(input, TargetBytes);

    private static int LengthOf(ReadOnlySpan<byte> input, SearchValues<byte> valid)
    {
        int length = input.IndexOfAnyExcept(valid);
        return length < 0 ? input.Length : length;
    }

    private static byte[] AllWhere(Func<byte, bool> isMember)
    {
        var members = new List<byte>();
        for (int value = 0; value < 256; value++)
        {
            if (isMember((byte)value))
                members.Add((byte)value);
        }
        return [.. members];
    }
}
