using System.Net;
using Tailrace.Hosting;

namespace Tailrace.Tests.Hosting;

/// <summary>What is surely an address of every machine, and what is one of none, being a group.</summary>
public sealed class MachineAddressesTests
{
    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.9.9.9", true)]
    [InlineData("::1", true)]
    [InlineData("224.0.0.1", false)]
    [InlineData("ff02::1", false)]
    public void Own_addresses_are_known(string address, bool isOwn) =>
        Assert.Equal(isOwn, MachineAddresses.Has(IPAddress.Parse(address)));
}
