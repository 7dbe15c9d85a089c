using System.Text;
using Tailrace.Tls.Hello;

namespace Tailrace.Tests.Tls.Hello;

public sealed class ClientHelloReaderTests
{
    private static readonly byte[] s_grease = HelloBytes.Extension(0x2A2A, 0);

    [Fact]
    public void The_name_and_the_protocols_are_found_among_others()
    {
        var input = HelloBytes.Of(
            s_grease, HelloBytes.Extension(43, 2, 3, 4), HelloBytes.Name("A.example"), HelloBytes.Alpn("h2", "http/1.1"),
            HelloBytes.Extension(0xFAFA));
        Assert.Equal("Complete A.example h2,http/1.1", Read([.. input, 20, 3, 3]));
        for (var i = 0; i < input.Length; i++) Assert.Equal("NeedMore", Read(input.AsSpan(0, i)));
    }

    [Fact]
    public void A_hello_without_them_is_one_too()
    {
        Assert.Equal("Complete  ", Read(HelloBytes.Of()));
        Assert.Equal("Complete  ", Read(HelloBytes.Of(s_grease)));
        Assert.Equal("Complete a ", Read(HelloBytes.Of(HelloBytes.Name("a"))));
        Assert.Equal("Complete  h2", Read(HelloBytes.Of(HelloBytes.Alpn("h2"))));
    }

    [Fact]
    public void An_encrypted_hello_shows_its_outer_name()
    {
        var scratch = new byte[ClientHelloReader.MessageBytesMax];
        var input = HelloBytes.Of(HelloBytes.Name("public.example"), HelloBytes.Extension(0xFE0D, 0, 1, 2));
        Assert.Equal(HelloStatus.Complete, ClientHelloReader.Read(input, scratch, out var hello));
        Assert.True(hello.IsEncrypted);
        Assert.Equal("public.example", Encoding.ASCII.GetString(hello.ServerName));
        Assert.True(hello.Offers("h2"u8) is false);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(100)]
    public void It_may_be_spread_over_records(int size)
    {
        var message = HelloBytes.Message(HelloBytes.Name("a.example"), HelloBytes.Alpn("h2"), HelloBytes.Extension(21, new byte[500]));
        byte[] input = [.. message.Chunk(size).SelectMany(part => HelloBytes.Record(part))];
        Assert.Equal("Complete a.example h2", Read(input));
        for (var i = 0; i < input.Length; i++) Assert.Equal("NeedMore", Read(input.AsSpan(0, i)));
    }

    [Theory]
    [InlineData(16_384)]
    [InlineData(16_380)]
    [InlineData(1000)]
    [InlineData(100)]
    public void It_has_at_most_16_KiB_and_the_heads_of_its_records(int size)
    {
        var fits = HelloBytes.Message(HelloBytes.Name("a"), HelloBytes.Extension(21, new byte[16_384 - 95]));
        Assert.Equal(16_384, fits.Length);
        Assert.Equal("Complete a ", Read([.. InRecords(fits), 22, 3, 3]));
        var longer = HelloBytes.Message(HelloBytes.Name("a"), HelloBytes.Extension(21, new byte[16_384 - 94]));
        Assert.Equal("TooLong", Read(InRecords(longer)));
        // Its length says so before it has come.
        Assert.Equal("TooLong", Read(HelloBytes.Record(longer.AsSpan(0, 4))));

        byte[] InRecords(byte[] message) => [.. message.Chunk(size).SelectMany(part => HelloBytes.Record(part))];
    }

    [Fact]
    public void A_record_that_is_full_behind_one_with_a_few_bytes_is_read_as_far_as_it_belongs_to_it()
    {
        var message = HelloBytes.Message(HelloBytes.Name("a"));
        Assert.Equal("Complete a ", Read([
            .. HelloBytes.Record(message.AsSpan(0, 3)),
            .. HelloBytes.Record([.. message[3..], .. new byte[16_384 - (message.Length - 3)]])]));
    }

    [Fact]
    public void It_has_not_more_heads_than_4_KiB_of_them()
    {
        var message = HelloBytes.Message(HelloBytes.Extension(21, new byte[4000]));
        byte[] crumbs = [.. message.SelectMany(b => HelloBytes.Record([b]))];
        Assert.Equal("TooLong", Read(crumbs));
        Assert.Equal("NeedMore", Read(crumbs.AsSpan(0, ClientHelloReader.LengthMax - 1)));
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\x80\x2e\x01\x00\x02")]
    [InlineData("\x16\x02")]
    [InlineData("\x17\x03\x03")]
    public void Other_bytes_are_no_TLS(string text) => Assert.Equal("NotTls", Read(Encoding.Latin1.GetBytes(text)));

    [Theory]
    // A record without content, one that is too long, another message, and no message at all.
    [InlineData("1603010000")]
    [InlineData("1603014001")]
    [InlineData("160301000402000000")]
    [InlineData("160301000102")]
    [InlineData("160301000401000000")]
    // The second record is none.
    [InlineData("160301000101" + "15")]
    // It is shorter than what must be there, or than it says.
    [InlineData("16030100050100000103")]
    [InlineData("16030100060100000203FF")]
    public void What_makes_no_sense_is_invalid(string hex) => Assert.Equal("Invalid", Read(Convert.FromHexString(hex)));

    public static TheoryData<string, byte[]> WrongExtensions => new()
    {
        { "a name twice", [.. HelloBytes.Name("a"), .. HelloBytes.Name("b")] },
        { "protocols twice", [.. HelloBytes.Alpn("a"), .. HelloBytes.Alpn("b")] },
        { "no name in the list", HelloBytes.Extension(0, 0, 0) },
        { "an empty name", HelloBytes.Extension(0, 0, 3, 0, 0, 0) },
        { "two names", HelloBytes.Extension(0, 0, 8, 0, 0, 1, 97, 0, 0, 1, 98) },
        { "a name of another kind", HelloBytes.Extension(0, 0, 4, 1, 0, 1, 97) },
        { "a list longer than the extension", HelloBytes.Extension(0, 0, 9, 0, 0, 1, 97) },
        { "a name with a NUL", HelloBytes.Name("a\0b") },
        { "a name with a slash", HelloBytes.Name("a/b") },
        { "a name that is too long", HelloBytes.Name(new string('a', 256)) },
        { "no protocol", HelloBytes.Extension(16, 0, 0) },
        { "an empty protocol", HelloBytes.Extension(16, 0, 1, 0) },
        { "a protocol longer than the list", HelloBytes.Extension(16, 0, 2, 5, 97) },
        { "an extension longer than all", [0, 9, 0, 5, 1] },
        { "half an extension", [0] },
    };

    [Theory, MemberData(nameof(WrongExtensions))]
    public void Extensions_that_break_the_rules_are_invalid(string what, byte[] extensions) =>
        Assert.Equal((what, "Invalid"), (what, Read(HelloBytes.Of(extensions))));

    private static string Read(ReadOnlySpan<byte> input)
    {
        // Nothing but what was read may be in it.
        var scratch = new byte[ClientHelloReader.MessageBytesMax];
        Array.Fill(scratch, (byte)'x');
        var status = ClientHelloReader.Read(input, scratch, out var hello);
        if (status != HelloStatus.Complete) return $"{status}";
        var protocols = new List<string>();
        for (var rest = hello.Protocols; !rest.IsEmpty; rest = rest[(1 + rest[0])..])
            protocols.Add(Encoding.ASCII.GetString(rest.Slice(1, rest[0])));
        return $"{status} {Encoding.ASCII.GetString(hello.ServerName)} {string.Join(',', protocols)}";
    }
}
