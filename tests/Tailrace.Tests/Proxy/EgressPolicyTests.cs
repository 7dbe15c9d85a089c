using System.Net;
using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>Where a forward proxy may connect to.</summary>
public sealed class EgressPolicyTests
{
    [Theory]
    [InlineData("a.example", true)]
    [InlineData("A.Example", true)]
    [InlineData("a.example.", true)]
    [InlineData("b.a.example", false)]
    [InlineData("x.b.example", true)]
    [InlineData("y.x.b.example", true)]
    [InlineData("b.example", false)]
    [InlineData("xb.example", false)]
    [InlineData(".b.example", false)]
    [InlineData("10.0.0.1", false)]
    [InlineData("::1", true)]
    public void Names_are_those_of_the_list(string host, bool expected) =>
        Assert.Equal(expected, new EgressPolicy(["a.example", "*.b.example.", "[::1]"], [80], [], []).AllowsName(host));

    [Fact]
    public void Without_a_list_every_name_is_allowed() =>
        Assert.True(new EgressPolicy([], [80], [], []).AllowsName("any"));

    [Theory]
    [InlineData(80, true)]
    [InlineData(443, true)]
    [InlineData(22, false)]
    [InlineData(0, false)]
    public void Ports_are_those_of_the_list(int port, bool expected) =>
        Assert.Equal(expected, new EgressPolicy([], [80, 443], [], []).AllowsPort(port));

    [Theory]
    [InlineData("1.1.1.1", true)]
    [InlineData("93.184.216.34", true)]
    [InlineData("223.255.255.255", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("2001:4860:4860::8888", true)]
    [InlineData("::ffff:1.1.1.1", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.255.255.255", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("198.19.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:a00:1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("64:ff9b:1::1", false)]
    [InlineData("2001::1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("3fff::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    public void Only_what_is_public_is_allowed(string address, bool expected) =>
        Assert.Equal(expected, new EgressPolicy([], [80], [], []).AllowsAddress(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("10.2.0.1", false)]
    [InlineData("10.1.9.1", false)]
    [InlineData("1.1.1.1", false)]
    [InlineData("1.1.2.1", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("::ffff:10.1.9.1", false)]
    public void What_is_denied_is_denied_and_what_is_allowed_need_not_be_public(string address, bool expected)
    {
        var policy = new EgressPolicy(
            [], [80], [IPNetwork.Parse("10.1.0.0/16")], [IPNetwork.Parse("10.1.9.0/24"), IPNetwork.Parse("1.1.1.0/24")]);
        Assert.Equal(expected, policy.AllowsAddress(IPAddress.Parse(address)));
        Assert.Equal(expected ? 1 : 0, policy.Allowed([IPAddress.Parse(address)]).Length);
    }
}
