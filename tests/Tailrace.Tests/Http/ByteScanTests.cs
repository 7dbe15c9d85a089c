using Tailrace.Http;

namespace Tailrace.Tests.Http;

/// <summary>
/// The wide loops against the scalar definitions: every byte, at every place, in inputs around the vector sizes.
/// </summary>
public sealed class ByteScanTests
{
    private delegate int Scan(ReadOnlySpan<byte> input, int at);

    [Fact]
    public void Names_end_at_the_first_byte_that_is_no_token() =>
        CompareEverywhere(ByteScan.NameEnd, HttpSyntax.IsTokenByte, "a-Z0_.");

    [Fact]
    public void A_line_is_searched_for_both_ends_at_once()
    {
        CompareEverywhere(ValueOfLine, HttpSyntax.IsFieldByte, "a: \t\u00ff");
        CompareEverywhere(NameOfLine, static value => HttpSyntax.IsFieldByte(value) && value != ':', "a \t\u00ff");

        static int NameOfLine(ReadOnlySpan<byte> input, int at) =>
            Math.Min(ByteScan.LineEnd(input, at, out int colon), colon);

        static int ValueOfLine(ReadOnlySpan<byte> input, int at) => ByteScan.LineEnd(input, at, out _);
    }

    [Fact]
    public void Hosts_end_at_the_first_byte_that_is_no_host() =>
        CompareEverywhere(ByteScan.HostEnd, AuthoritySyntax.IsNameByte, "a.-9%_");

    [Fact]
    public void Values_end_at_the_first_control_byte() =>
        CompareEverywhere(ByteScan.ValueEnd, HttpSyntax.IsFieldByte, "a \t\u00ff");

    [Fact]
    public void Targets_end_at_the_first_byte_of_no_uri() =>
        CompareEverywhere(ByteScan.TargetEnd, HttpSyntax.IsTargetByte, "a/?=");

    [Fact]
    public void Paths_end_at_a_question_mark_too() =>
        CompareEverywhere(ByteScan.PathEnd, static value => HttpSyntax.IsTargetByte(value) && value != '?', "a/=%");

    private static void CompareEverywhere(Scan scan, Func<byte, bool> isPart, string filling)
    {
        byte[] fill = Wire.Bytes(filling);
        foreach (int length in (int[])[1, 2, 15, 31, 32, 33, 63, 64, 65, 97])
        {
            byte[] input = new byte[length];
            for (int i = 0; i < length; i++)
                input[i] = fill[i % fill.Length];
            for (int at = 0; at <= length; at += Math.Max(1, length / 13))
                Assert.Equal(length, scan(input, at));
            for (int place = 0; place < length; place++)
                CompareAt(scan, isPart, input, place);
        }
    }

    private static void CompareAt(Scan scan, Func<byte, bool> isPart, byte[] input, int place)
    {
        byte kept = input[place];
        for (int value = 0; value < 256; value++)
        {
            input[place] = (byte)value;
            int start = place * 5 % (place + 1);
            int expected = start;
            while (expected < input.Length && isPart(input[expected]))
                expected++;
            Assert.Equal(expected, scan(input, start));
        }
        input[place] = kept;
    }
}
