using System.Net;
using System.Text;
using Tailrace.Io;
using Tailrace.Io.ProxyProtocol;

namespace Tailrace.Tests.Io.ProxyProtocol;

public sealed class ProxyHeaderReaderTests
{
    private const string Signature = "0D0A0D0A000D0A515549540A";
    private const string Addresses = "01020304" + "05060708" + "0457" + "0050";
    private const string Zeros = "000000000000000000000000000000000000000000000000000000";
    private const string Paths = Zeros + Zeros + Zeros + Zeros + Zeros + Zeros + Zeros + Zeros;

    [Theory]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\r\n", "1.2.3.4:1111", "5.6.7.8:80")]
    [InlineData("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535", "0.0.0.0:0")]
    [InlineData("PROXY TCP6 2001:DB8::1 ::2 1111 80\r\n", "[2001:db8::1]:1111", "[::2]:80")]
    [InlineData("PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n", "1.2.3.4:1", "[::1]:2")]
    [InlineData("PROXY UNKNOWN\r\n", "unknown", "unknown")]
    [InlineData("PROXY UNKNOWN 1.2.3.4 anything at all\r\n", "unknown", "unknown")]
    public void A_line_is_read_to_its_end_and_no_further(string line, string source, string destination)
    {
        var input = Encoding.ASCII.GetBytes(line + "GET / HTTP/1.1\r\n\r\n");
        Assert.Equal(ProxyStatus.Complete, ProxyHeaderReader.Read(input, out var length, out var header));
        Assert.Equal((line.Length, source, destination), (length, $"{header.Source}", $"{header.Destination}"));
        Assert.Equal(source != "unknown", header.HasAddresses);
        for (var i = 0; i < line.Length; i++)
            Assert.Equal(ProxyStatus.NeedMore, ProxyHeaderReader.Read(input.AsSpan(0, i), out _, out _));
    }

    [Theory]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\n")]
    [InlineData("PROXY  TCP4 1.2.3.4 5.6.7.8 1111 80\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4  5.6.7.8 1111 80\r\n")]
    [InlineData("PROXY TCP5 1.2.3.4 5.6.7.8 1111 80\r\n")]
    [InlineData("PROXY tcp4 1.2.3.4 5.6.7.8 1111 80\r\n")]
    [InlineData("PROXY TCP4 1.2.3.256 5.6.7.8 1111 80\r\n")]
    [InlineData("PROXY TCP4 01.2.3.4 5.6.7.8 1111 80\r\n")]
    [InlineData("PROXY TCP4 1.2.3 5.6.7.8 1111 80\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4.5 5.6.7.8 1111 80\r\n")]
    [InlineData("PROXY TCP4 ::1 5.6.7.8 1111 80\r\n")]
    [InlineData("PROXY TCP6 1.2.3.4 ::1 1111 80\r\n")]
    [InlineData("PROXY TCP6 fe80::1%1 ::1 1111 80\r\n")]
    [InlineData("PROXY TCP6 [::1] ::1 1111 80\r\n")]
    [InlineData("PROXY TCP6 ::1/64 ::1 1111 80\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 65536 80\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 01111 80\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 -1 80\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1111\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1111 80 \r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1111 80 9\r\n")]
    [InlineData("PROXY TCP4\r\n")]
    [InlineData("PROXY UNKNOWNS\r\n")]
    [InlineData("PROXY \r\n")]
    public void A_line_that_breaks_the_rules_is_none(string line) =>
        Assert.Equal(ProxyStatus.Invalid, ProxyHeaderReader.Read(Encoding.ASCII.GetBytes(line), out _, out _));

    [Fact]
    public void A_line_ends_within_107_bytes()
    {
        var line = Encoding.ASCII.GetBytes("PROXY UNKNOWN ".PadRight(105, 'x') + "\r\n");
        Assert.Equal(ProxyStatus.Complete, ProxyHeaderReader.Read(line, out var length, out _));
        Assert.Equal(107, length);
        line = Encoding.ASCII.GetBytes("PROXY UNKNOWN ".PadRight(106, 'x') + "\r\n");
        Assert.Equal(ProxyStatus.NeedMore, ProxyHeaderReader.Read(line.AsSpan(0, 106), out _, out _));
        Assert.Equal(ProxyStatus.Invalid, ProxyHeaderReader.Read(line.AsSpan(0, 107), out _, out _));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXY\tTCP4")]
    [InlineData("PROXy ")]
    [InlineData("\r\n\r\n\0\r\nQUIX\n")]
    [InlineData("\r\n\r\nX")]
    [InlineData("\0")]
    public void Other_bytes_are_none(string text) =>
        Assert.Equal(ProxyStatus.Absent, ProxyHeaderReader.Read(Encoding.Latin1.GetBytes(text), out _, out _));

    [Theory]
    // Version 2 with an IPv4 and an IPv6 pair, with fields, with a padding that is not kept.
    [InlineData("2111000C" + Addresses, "1.2.3.4:1111", "5.6.7.8:80", "")]
    [InlineData("21210024" + "20010DB8000000000000000000000001" + "00000000000000000000000000000002" + "04570050",
        "[2001:db8::1]:1111", "[::2]:80", "")]
    [InlineData("21110011" + Addresses + "0100026832", "1.2.3.4:1111", "5.6.7.8:80", "0100026832")]
    [InlineData("21110015" + Addresses + "04000100" + "0100026832", "1.2.3.4:1111", "5.6.7.8:80", "0100026832")]
    // UNSPEC, datagrams and Unix: the connection's own addresses, and the fields all the same.
    [InlineData("21000005" + "0100026832", "unknown", "unknown", "0100026832")]
    [InlineData("21120011" + Addresses + "0100026832", "unknown", "unknown", "0100026832")]
    [InlineData("213100DD" + Paths + "0100026832", "unknown", "unknown", "0100026832")]
    [InlineData("213200D8" + Paths, "unknown", "unknown", "")]
    // LOCAL, and what nobody knows: the connection's own addresses.
    [InlineData("20000000", "unknown", "unknown", "")]
    [InlineData("2011000C" + Addresses, "unknown", "unknown", "")]
    [InlineData("20110002FFFF", "unknown", "unknown", "")]
    [InlineData("20000003FFFFFF", "unknown", "unknown", "")]
    [InlineData("21000003FFFFFF", "unknown", "unknown", "")]
    [InlineData("2110000401020304", "unknown", "unknown", "")]
    [InlineData("2112000C" + Addresses, "unknown", "unknown", "")]
    [InlineData("21000000", "unknown", "unknown", "")]
    [InlineData("21FF000101", "unknown", "unknown", "")]
    public void Version_2_is_read_to_its_end(string hex, string source, string destination, string extensions)
    {
        var input = Convert.FromHexString(Signature + hex + "AABB");
        Assert.Equal(ProxyStatus.Complete, ProxyHeaderReader.Read(input, out var length, out var header));
        Assert.Equal(input.Length - 2, length);
        Assert.Equal((source, destination), ($"{header.Source}", $"{header.Destination}"));
        Assert.Equal(extensions, Convert.ToHexString(header.Extensions.Span));
        for (var i = 0; i < length; i++)
            Assert.Equal(ProxyStatus.NeedMore, ProxyHeaderReader.Read(input.AsSpan(0, i), out _, out _));
    }

    [Theory]
    [InlineData("11")]
    [InlineData("31")]
    [InlineData("22")]
    [InlineData("2F")]
    [InlineData("2111000B")]
    [InlineData("21210023")]
    [InlineData("21110000")]
    // A field that is longer than what is left, before it has come; and too little for a field.
    [InlineData("21110014" + Addresses + "01000A")]
    [InlineData("2111000E" + Addresses)]
    [InlineData("2111000D" + Addresses + "01")]
    // Too little for the addresses of Unix sockets and of datagrams, a field that leads too far behind them, and a wrong
    // checksum behind no address.
    [InlineData("21310000")]
    [InlineData("21320003FFFFFF")]
    [InlineData("2112000F" + Addresses + "010001")]
    [InlineData("21000007" + "03000400000000")]
    // A checksum of three bytes, and one that is wrong.
    [InlineData("21110012" + Addresses + "030003000000")]
    [InlineData("21110013" + Addresses + "03000400000000")]
    [InlineData("2111FFFF")]
    public void Version_2_that_breaks_the_rules_is_none(string hex) =>
        Assert.Equal(ProxyStatus.Invalid, ProxyHeaderReader.Read(Convert.FromHexString(Signature + hex), out _, out _));

    [Fact]
    public void A_checksum_is_compared()
    {
        var input = Convert.FromHexString(Signature + "21110016" + Addresses + "03000400000000" + "040000");
        var crc = Crc32C(input);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(input.AsSpan(31), crc);
        Assert.Equal(ProxyStatus.Complete, ProxyHeaderReader.Read(input, out _, out var header));
        Assert.Equal("", Convert.ToHexString(header.Extensions.Span));
        input[18] ^= 1;
        Assert.Equal(ProxyStatus.Invalid, ProxyHeaderReader.Read(input, out _, out _));
    }

    /// <summary>Bit by bit, as the specification has it.</summary>
    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = crc >> 1 ^ ((crc & 1) == 1 ? 0x82F63B78u : 0);
        }
        return ~crc;
    }
}
