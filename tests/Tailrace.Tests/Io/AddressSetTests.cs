using System.Net;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class AddressSetTests
{
    [Theory]
    [InlineData("10.0.0.0", true), InlineData("10.255.255.255", true)]
    [InlineData("9.255.255.255", false), InlineData("11.0.0.0", false)]
    [InlineData("192.0.2.7", true), InlineData("192.0.2.6", false), InlineData("192.0.2.8", false)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true), InlineData("2001:db9::", false)]
    [InlineData("::a00:1", false)]
    public void The_ends_of_a_range_are_in_it_and_their_neighbours_are_not(string address, bool expected) =>
        Assert.Equal(expected, Set("192.0.2.7/32", "10.0.0.0/8", "2001:db8::/32").Contains(Address(address)));

    [Fact]
    public void A_family_is_matched_by_its_own_ranges_only()
    {
        Assert.True(Set("0.0.0.0/0").Contains(Address("255.255.255.255")));
        Assert.False(Set("0.0.0.0/0").Contains(Address("::1")));
        Assert.True(Set("::/0").Contains(Address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
        Assert.False(Set("::/0").Contains(Address("10.0.0.1")));
    }

    [Fact]
    public void The_peer_of_a_Unix_socket_is_in_no_range()
    {
        var everything = Set("0.0.0.0/0", "::/0");
        Assert.False(everything.Contains(NetAddress.Unix));
        Assert.False(everything.Contains(default));
        Assert.False(everything.IsEmpty);
        Assert.True(Set().IsEmpty);
    }

    [Fact]
    public void The_peers_of_Unix_sockets_are_in_a_set_by_themselves()
    {
        var set = new AddressSet([], hasUnix: true);
        Assert.True(set.Contains(NetAddress.Unix));
        Assert.False(set.Contains(default));
        Assert.False(set.Contains(Address("0.0.0.0")));
        Assert.False(set.Contains(Address("::")));
        Assert.False(set.IsEmpty);
        var both = new AddressSet([IPNetwork.Parse("10.0.0.0/8")], hasUnix: true);
        Assert.True(both.Contains(NetAddress.Unix));
        Assert.True(both.Contains(Address("10.1.2.3")));
        Assert.False(both.Contains(Address("11.0.0.0")));
    }

    [Fact]
    public void Any_list_of_ranges_holds_what_one_of_its_ranges_holds()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var bytes = round % 2 == 0 ? 4 : 16;
            var networks = new IPNetwork[random.Next(1, 20)];
            for (var i = 0; i < networks.Length; i++) networks[i] = RandomNetwork(random, bytes);
            var set = new AddressSet(networks);
            for (var probe = 0; probe < 50; probe++)
            {
                // Close to a range's ends, where a search that is off by one shows.
                var address = Near(random, networks[random.Next(networks.Length)]);
                var expected = networks.Any(network => network.Contains(address));
                Assert.Equal(expected, set.Contains(NetAddress.From(new IPEndPoint(address, 1))));
            }
        }
    }

    private static IPNetwork RandomNetwork(Random random, int length)
    {
        var prefix = random.Next(0, length * 8 + 1);
        var bytes = new byte[length];
        // Few different first bytes, so that ranges overlap and touch.
        for (var i = 0; i < length; i++) bytes[i] = (byte)(i == 0 ? 0x20 + random.Next(2) : random.Next(4));
        for (var bit = prefix; bit < length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> bit % 8);
        return new IPNetwork(new IPAddress(bytes), prefix);
    }

    private static IPAddress Near(Random random, IPNetwork network)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        if (random.Next(2) == 0)
            for (var bit = network.PrefixLength; bit < bytes.Length * 8; bit++) bytes[bit / 8] |= (byte)(0x80 >> bit % 8);
        var step = random.Next(-1, 2);
        for (var i = bytes.Length - 1; i >= 0 && step != 0; i--)
        {
            var sum = bytes[i] + step;
            bytes[i] = (byte)sum;
            step = sum is < 0 or > 255 ? step : 0;
        }
        return new IPAddress(bytes);
    }

    private static AddressSet Set(params string[] ranges) => new(Array.ConvertAll(ranges, IPNetwork.Parse));

    private static NetAddress Address(string text) => NetAddress.From(new IPEndPoint(IPAddress.Parse(text), 80));
}
