using System.Net;
using Tailrace.Config;

namespace Tailrace.Tests.Config;

public sealed class AddressTests
{
    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1:8080", false)]
    [InlineData("0.0.0.0:1", "0.0.0.0:1", false)]
    [InlineData("[::1]:65535", "[::1]:65535", false)]
    [InlineData("[::]:8080", "[::]:8080", true)]
    [InlineData("[fe80::1%3]:80", "[fe80::1%3]:80", false)]
    [InlineData(":8080", "[::]:8080", true)]
    [InlineData("*:8080", "[::]:8080", true)]
    [InlineData("localhost:80", "127.0.0.1:80", false)]
    [InlineData("127.0.0.1:0", "127.0.0.1:0", false)]
    [InlineData("unix:/run/a b.sock", "unix:/run/a b.sock", false)]
    public void Listeners_take_addresses_of_this_machine(string text, string meaning, bool dualStack)
    {
        Assert.True(ListenAddress.TryParse(text, out ListenAddress address, out string error), error);
        Assert.Equal(meaning, address.ToString());
        Assert.Equal(dualStack, address.DualStack);
    }

    [Theory]
    [InlineData("")]
    [InlineData("8080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.1:80")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.0.0.1:+1")]
    [InlineData("127.0.0.1: 80")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("::1:80")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("[::1]80")]
    [InlineData("[::1")]
    [InlineData("a.example:80")]
    [InlineData("http://127.0.0.1:80")]
    [InlineData("unix:")]
    [InlineData("unix:a")]
    [InlineData("unix:/")]
    [InlineData("unix:/a\0b")]
    [InlineData("unix:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012")]
    public void Listeners_refuse_what_is_no_address(string text)
    {
        Assert.False(ListenAddress.TryParse(text, out _, out string error));
        Assert.NotEmpty(error);
    }

    [Theory]
    [InlineData("[::ffff:127.0.0.1]:80",
        "'::ffff:127.0.0.1' is an IPv4 address in the notation of IPv6; write '127.0.0.1:80'")]
    [InlineData("[::ffff:0:0]:80", "'::ffff:0:0' is an IPv4 address in the notation of IPv6; write '0.0.0.0:80'")]
    [InlineData("[fe80::1]:80",
        "'fe80::1' is there for each interface; write which of this machine, as in '[fe80::1%eth0]:80'")]
    public void Listeners_refuse_what_no_system_binds(string text, string why)
    {
        Assert.False(ListenAddress.TryParse(text, out _, out string error));
        Assert.Equal(why, error);
    }

    [Theory]
    [InlineData("http://10.0.0.1:9001", "10.0.0.1", 9001, true, "10.0.0.1:9001")]
    [InlineData("HTTP://10.0.0.1", "10.0.0.1", 80, true, "10.0.0.1")]
    [InlineData("10.0.0.1:80", "10.0.0.1", 80, true, "10.0.0.1")]
    [InlineData("http://[2001:db8::1]:81/", "2001:db8::1", 81, true, "[2001:db8::1]:81")]
    [InlineData("http://[::1]", "::1", 80, true, "[::1]")]
    [InlineData("http://Origin.Example:8080", "origin.example", 8080, false, "origin.example:8080")]
    [InlineData("http://under_score", "under_score", 80, false, "under_score")]
    public void Destinations_are_hosts_and_ports(string text, string host, int port, bool isIp, string authority)
    {
        Assert.True(DestinationAddress.TryParse(text, out DestinationAddress address, out string error), error);
        Assert.Equal((host, port, authority), (address.Host, address.Port, address.Authority));
        Assert.Equal(isIp ? IPAddress.Parse(host) : null, address.Ip);
        Assert.Equal($"http://{authority}", address.ToString());
    }

    [Theory]
    [InlineData("tcp://10.0.0.1:5432", "10.0.0.1:5432", true)]
    [InlineData("TCP://[::1]:5432", "[::1]:5432", true)]
    [InlineData("db.example:5432", "db.example:5432", true)]
    [InlineData("db.example", "db.example", false)]
    [InlineData("unix:/run/db.sock", "unix:/run/db.sock", true)]
    [InlineData("SRV://_http._tcp.A.example", "srv://_http._tcp.a.example", true)]
    [InlineData("srv://_http._tcp.example.", "srv://_http._tcp.example", true)]
    public void Destinations_have_names_and_perhaps_ports(string text, string name, bool hasPort)
    {
        Assert.True(DestinationAddress.TryParse(text, out DestinationAddress address, out string error), error);
        Assert.Equal((name, hasPort), (address.Name, address.HasPort));
    }

    [Theory]
    [InlineData("tcp://10.0.0.1:80", "tcp", "tcp://10.0.0.1:80")]
    [InlineData("UDP://[::1]:53", "udp", "udp://[::1]:53")]
    [InlineData("http://a.example:80/", "http", "http://a.example")]
    [InlineData("a.example:80", "", "tcp://a.example:80")]
    [InlineData("unix:/run/a", "", "unix:/run/a")]
    [InlineData("srv://_http._tcp.a.example", "", "srv://_http._tcp.a.example")]
    public void Destinations_are_printed_with_the_scheme_they_were_written_with(string text, string scheme, string url)
    {
        Assert.True(DestinationAddress.TryParse(text, out DestinationAddress address, out string error), error);
        Assert.Equal((scheme, url), (address.Scheme, address.ToString("tcp")));
    }

    [Fact]
    public void A_path_is_bound_as_it_is()
    {
        Assert.True(ListenAddress.TryParse("unix:/run/a.sock", out ListenAddress address, out _));
        Assert.Equal("/run/a.sock", address.EndPoint.ToString());
        Assert.Equal("", default(ListenAddress).Path);
        Assert.Equal("", default(DestinationAddress).Path);
    }

    [Theory]
    [InlineData("tcp://10.0.0.1")]
    [InlineData("tcp://[::1]")]
    [InlineData("unix:a")]
    [InlineData("srv://")]
    [InlineData("srv://a.example")]
    [InlineData("srv://_http.a.example")]
    [InlineData("srv://_http._tcp.a.example:80")]
    [InlineData("srv://_http._tcp..example")]
    [InlineData("srv://_http._tcp.")]
    [InlineData("srv://_http._tcp..")]
    [InlineData("srv://_http._tcp.example..")]
    [InlineData("")]
    [InlineData("http://")]
    [InlineData("http://:80")]
    [InlineData("https://a.example")]
    [InlineData("http://a.example/path")]
    [InlineData("http://a.example?q")]
    [InlineData("http://u@a.example")]
    [InlineData("http://a..example")]
    [InlineData("http://a b")]
    [InlineData("http://256.0.0.1")]
    [InlineData("http://10.1")]
    [InlineData("http://a.example:0")]
    [InlineData("http://[::1")]
    public void Destinations_refuse_what_is_no_host(string text)
    {
        Assert.False(DestinationAddress.TryParse(text, out _, out string error));
        Assert.NotEmpty(error);
    }
}
