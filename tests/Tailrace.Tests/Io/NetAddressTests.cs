using System.Net;
using System.Net.Sockets;
using System.Text;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class NetAddressTests
{
    [Theory]
    [InlineData("0.0.0.0"), InlineData("127.0.0.1"), InlineData("255.255.255.255"), InlineData("10.20.200.9")]
    [InlineData("::"), InlineData("::1"), InlineData("1::"), InlineData("1::2"), InlineData("2001:db8::1:0:0:1")]
    [InlineData("2001:db8:0:1:1:1:1:1"), InlineData("1:2:3:4:5:6:7:8"), InlineData("1:0:0:2::")]
    [InlineData("fe80::a:b0:c00:d000")]
    public void It_is_written_as_people_write_it(string text) =>
        Assert.Equal(text, Format(NetAddress.From(EndPoint(text))));

    [Theory]
    [InlineData("127.0.0.1", true), InlineData("127.255.0.9", true), InlineData("::1", true)]
    [InlineData("::ffff:127.0.0.1", true), InlineData("128.0.0.1", false), InlineData("126.0.0.1", false)]
    [InlineData("::", false), InlineData("::2", false), InlineData("::127.0.0.1", false)]
    [InlineData("7f00::1", false)]
    public void Loopback_addresses_are_known(string text, bool expected) =>
        Assert.Equal(expected, NetAddress.From(EndPoint(text)).IsLoopback);

    [Fact]
    public void A_mapped_IPv4_address_is_shown_as_IPv4()
    {
        var address = NetAddress.From(EndPoint("::ffff:192.0.2.7"));
        Assert.Equal("192.0.2.7", Format(address));
        Assert.Equal(AddressFamily.InterNetwork, address.Family);
        Assert.Equal("192.0.2.7:80", address.ToString());
        Assert.Equal(NetAddress.From(EndPoint("192.0.2.7")), address);
    }

    [Fact]
    public void Random_addresses_read_as_the_framework_writes_them()
    {
        var random = new Random(1);
        for (var i = 0; i < 5000; i++)
        {
            var bytes = new byte[i % 2 == 0 ? 4 : 16];
            random.NextBytes(bytes);
            // Runs of zero groups are what the short form of IPv6 is about; the first group stays, because the
            // framework writes addresses that begin with zeros in a mixed form.
            for (var group = 2; group + 1 < bytes.Length; group += 2)
                if (random.Next(2) == 0) bytes[group] = bytes[group + 1] = 0;
            bytes[0] |= 1;
            var expected = new IPAddress(bytes);
            if (bytes.Length == 16 && bytes[8..12] is [0, 0, 0x5E, 0xFE]) continue;
            var address = NetAddress.From(new IPEndPoint(expected, 443));
            Assert.Equal(expected.ToString(), Format(address));
            Assert.Equal(new IPEndPoint(expected, 443).ToString(), address.ToString());
        }
    }

    [Fact]
    public void Addresses_are_equal_when_all_of_them_is()
    {
        var address = NetAddress.From(EndPoint("192.0.2.7"));
        Assert.Equal(address.GetHashCode(), NetAddress.From(EndPoint("192.0.2.7")).GetHashCode());
        Assert.False(address.Equals((object)NetAddress.From(EndPoint("192.0.2.8"))));
        Assert.NotEqual(address, NetAddress.FromIPv4([192, 0, 2, 7], 81));
        Assert.NotEqual(address, NetAddress.Unix);
    }

    [Fact]
    public void Other_kinds_have_names()
    {
        Assert.Equal("unix", NetAddress.Unix.ToString());
        Assert.Equal("unknown", default(NetAddress).ToString());
        Assert.Equal(NetAddress.Unix, NetAddress.From(new UnixDomainSocketEndPoint("/x")));
        Assert.Equal(default, NetAddress.From(null));
    }

    private static IPEndPoint EndPoint(string text) => new(IPAddress.Parse(text), 80);

    private static string Format(NetAddress address)
    {
        Span<byte> text = stackalloc byte[NetAddress.TextLengthMax];
        return Encoding.ASCII.GetString(text[..address.Format(text)]);
    }
}
