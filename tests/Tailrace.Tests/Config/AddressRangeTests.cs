using System.Net;
using Tailrace.Config;

namespace Tailrace.Tests.Config;

public sealed class AddressRangeTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0", 8)]
    [InlineData("0.0.0.0/0", "0.0.0.0", 0)]
    [InlineData("192.0.2.128/25", "192.0.2.128", 25)]
    [InlineData("192.0.2.7", "192.0.2.7", 32)]
    [InlineData("192.0.2.7/32", "192.0.2.7", 32)]
    [InlineData("2001:db8::/32", "2001:db8::", 32)]
    [InlineData("::/0", "::", 0)]
    [InlineData("::1", "::1", 128)]
    public void Ranges_and_single_addresses_are_read(string text, string address, int prefix)
    {
        Assert.True(AddressRange.TryParse(text, out IPNetwork range, out string error), error);
        Assert.Equal(IPAddress.Parse(address), range.BaseAddress);
        Assert.Equal(prefix, range.PrefixLength);
    }

    [Theory]
    [InlineData("", "'' is not an IP address")]
    [InlineData("10/8", "'10' is not an IP address")]
    [InlineData("a.example/8", "'a.example' is not an IP address")]
    [InlineData("10.0.0.0/", "'/' is not a prefix length; expected /0 to /32")]
    [InlineData("10.0.0.0/33", "'/33' is not a prefix length; expected /0 to /32")]
    [InlineData("10.0.0.0/-1", "'/-1' is not a prefix length")]
    [InlineData("10.0.0.0/08", "'/08' is not a prefix length")]
    [InlineData("10.0.0.0/255.0.0.0", "'/255.0.0.0' is not a prefix length")]
    [InlineData("::/129", "'/129' is not a prefix length; expected /0 to /128")]
    [InlineData("10.1.0.0/8", "write '10.0.0.0/8' for the range, or '10.1.0.0' for one address")]
    [InlineData("2001:db8::1/33", "write '2001:db8::/33' for the range")]
    [InlineData("::ffff:10.0.0.0/104", "IPv4 in the notation of IPv6")]
    [InlineData("fe80::1%lo", "'fe80::1%lo' is not an IP address")]
    public void Mistakes_are_explained(string text, string expected)
    {
        Assert.False(AddressRange.TryParse(text, out _, out string error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}
