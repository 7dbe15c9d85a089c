using System.Net;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>Addresses as the system writes them.</summary>
public sealed class DatagramAddressTests
{
    private const ulong Secret = 0x9E37_79B9_7F4A_7C15;
    private const ulong Other = 0xC2B2_AE3D_27D4_EB4F;

    [Theory]
    [InlineData("10.1.2.3", 53, "10.1.2.3:53")]
    [InlineData("2001:db8::1", 65535, "[2001:db8::1]:65535")]
    [InlineData("::ffff:10.1.2.3", 1, "10.1.2.3:1")]
    public void Goes_there_and_back(string address, int port, string text)
    {
        var raw = new IPEndPoint(IPAddress.Parse(address), port).Serialize();
        var one = new DatagramAddress(raw.Buffer.Span[..raw.Size]);
        Assert.Equal(text, one.ToString());
        Span<byte> copy = stackalloc byte[DatagramAddress.BytesMax];
        one.CopyTo(copy);
        Assert.Equal(raw.Buffer.Span[..raw.Size].ToArray(), copy[..one.Length].ToArray());
        Assert.True(one.Equals(new DatagramAddress(copy[..one.Length])));
    }

    [Fact]
    public void Differs_in_port_address_and_scope()
    {
        var all = new[] { Of("10.0.0.1", 1), Of("10.0.0.1", 2), Of("10.0.0.2", 1), Of("fe80::1%1", 1), Of("fe80::1%2", 1), Of("fe80::2%1", 1) };
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.Equal(all.Length, all.Select(one => one.Hash(Secret, Other)).Distinct().Count());
        Assert.NotEqual(all[0].Hash(Secret, Other), all[0].Hash(Other, Secret));
    }

    private static DatagramAddress Of(string address, int port)
    {
        var raw = new IPEndPoint(IPAddress.Parse(address), port).Serialize();
        return new DatagramAddress(raw.Buffer.Span[..raw.Size]);
    }
}
