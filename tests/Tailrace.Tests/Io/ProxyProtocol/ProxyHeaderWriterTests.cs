using System.Net;
using System.Text;
using Tailrace.Io;
using Tailrace.Io.ProxyProtocol;
using Tailrace.Memory;

namespace Tailrace.Tests.Io.ProxyProtocol;

public sealed class ProxyHeaderWriterTests
{
    [Theory]
    [InlineData("1.2.3.4:1111", "5.6.7.8:80", "PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\r\n")]
    [InlineData("[2001:db8::1]:65535", "[::2]:1", "PROXY TCP6 2001:db8::1 ::2 65535 1\r\n")]
    [InlineData("[::1]:2", "5.6.7.8:80", "PROXY TCP6 ::1 ::ffff:5.6.7.8 2 80\r\n")]
    [InlineData("", "5.6.7.8:80", "PROXY UNKNOWN\r\n")]
    public void A_line_says_both_addresses(string source, string destination, string expected)
    {
        using var pools = new BufferPools(256, 1024, 1 << 20);
        var output = new ByteBuffer(pools);
        Assert.True(ProxyHeaderWriter.TryWriteLine(output, Address(source), Address(destination)));
        Assert.Equal(expected, Encoding.ASCII.GetString(output.Unread));
        output.Clear();
    }

    [Theory]
    [InlineData("1.2.3.4:1111", "5.6.7.8:80", "", "2111000C010203040506070804570050")]
    [InlineData("1.2.3.4:1111", "5.6.7.8:80", "0100026832", "21110011010203040506070804570050" + "0100026832")]
    [InlineData("[::1]:2", "5.6.7.8:80", "",
        "21210024" + "00000000000000000000000000000001" + "00000000000000000000FFFF05060708" + "00020050")]
    [InlineData("", "", "", "20000000")]
    [InlineData("", "", "0100026832", "21000005" + "0100026832")]
    public void Version_2_says_them_in_binary(string source, string destination, string extensions, string expected)
    {
        using var pools = new BufferPools(256, 1024, 1 << 20);
        var output = new ByteBuffer(pools);
        Assert.True(ProxyHeaderWriter.TryWriteBinary(
            output, Address(source), Address(destination), Convert.FromHexString(extensions)));
        Assert.Equal("0D0A0D0A000D0A515549540A" + expected, Convert.ToHexString(output.Unread));
        output.Clear();
    }

    [Fact]
    public void Without_room_nothing_is_written()
    {
        using var pools = new BufferPools(64, 64, 64);
        var (output, other) = (new ByteBuffer(pools), new ByteBuffer(pools));
        Assert.True(other.TryReserve(1));
        Assert.False(ProxyHeaderWriter.TryWrite(output, ProxyVersion.V1, client: null));
        Assert.False(ProxyHeaderWriter.TryWrite(output, ProxyVersion.V2, client: null));
        other.Clear();
        Assert.True(ProxyHeaderWriter.TryWrite(output, ProxyVersion.V2, client: null));
        Assert.Equal(16, output.Length);
        output.Clear();
    }

    private static NetAddress Address(string text) =>
        text.Length == 0 ? default : NetAddress.From(IPEndPoint.Parse(text));
}
