using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Tests.Http.H1;

/// <summary>What is read in the usual way against what <see cref="HeaderParser.TryReadLine"/> makes of each line.</summary>
public sealed class UsualLinesTests
{
    private static readonly string[] Names =
        ["Host", "a", "TE", "x-y", "Content-Length", "Transfer-Encoding", "If-Modified-Since", "if-modified-sincf",
         "Content-Disposition", "Strict-Transport-Security", "X-Forwarded-Proto", "A_name.of~others", "", "bad name",
         "a-name-of-thirty-one-characters", "a-name-of-thirty-two-characters-", "Nul\0name", "Hos\u0014", "H\u00f6st"];

    private static readonly string[] Values =
        ["", " ", " v", "v", " v ", "  v", " \tv", " v\tw", " a: b", " \u00ff\u0080", " v\u007f", " v\0", " v\rw", " v\nw",
         " " + new string('v', 20), " " + new string('v', 27), " " + new string('v', 31), " " + new string('v', 63),
         " " + new string('v', 200), " a,b;c=\"d\""];

    private static readonly string[] Ends = ["\r\n", "\n", "\r", "\r\n ", ""];

    [Fact]
    public void They_read_like_any_other_line()
    {
        foreach (string name in Names)
        {
            foreach (string value in Values)
            {
                foreach (string end in Ends)
                {
                    Compare($"{name}:{value}{end}");
                    Compare($"{name}:{value}{end}\r\n");
                    Compare($"Accept: */*\r\n{name}:{value}{end}\r\n");
                    Compare($"{name}:{value}{end}Accept: */*\r\nAccept-Language: de, en;q=0.5\r\n\r\nbody: of it\r\n");
                }
            }
        }
    }

    [Fact]
    public void They_are_read_at_every_length_that_has_come()
    {
        const string Whole = "Host: example.com\r\nX-Forwarded-For: 10.0.0.1\r\nCookie: " +
            "a=0123456789012345678901234567890123456789\r\nAccept: */*\r\n\r\n";
        for (int length = 0; length <= Whole.Length; length++) Compare(Whole[..length]);
    }

    [Fact]
    public void They_end_where_the_table_is_full()
    {
        byte[] input = Wire.Bytes("a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n and something behind it");
        var table = new HeaderTable(3);
        Assert.Equal(12, UsualLines.Read(input, 0, table, 2));
        Assert.Equal(2, table.Count);
        Assert.Equal(18, UsualLines.Read(input, 12, table, 9));
        Assert.Equal(3, table.Count);
    }

    private static void Compare(string text)
    {
        byte[] input = Wire.Bytes(text);
        var table = new HeaderTable(10);
        var expected = new HeaderTable(10);
        int end = UsualLines.Read(input, 0, table, 10);
        int at = 0;
        while (at < end)
        {
            Assert.True(HeaderParser.TryReadLine(input, at, out HeaderField field), $"no line at {at} of {text}");
            Assert.True(expected.TryAdd(field));
            at = field.LineEnd;
        }
        Assert.Equal(end, at);
        Assert.Equal(expected.Fields.ToArray(), table.Fields.ToArray());
        Assert.Equal((expected.Known, expected.Repeated), (table.Known, table.Repeated));
    }
}
