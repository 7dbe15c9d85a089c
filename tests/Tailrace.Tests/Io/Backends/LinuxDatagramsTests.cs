using Tailrace.Io.Backends;
using Tailrace.Native;

namespace Tailrace.Tests.Io.Backends;

/// <summary>What the failures of a datagram socket are about.</summary>
public sealed class LinuxDatagramsTests
{
    [Theory]
    [InlineData(Errno.Again, Errno.AddressNotAvailable)]
    [InlineData(Errno.HostUnreachable, Errno.HostUnreachable)]
    [InlineData(Errno.NoBuffers, Errno.NoBuffers)]
    public void A_connect_without_a_port_left_is_no_fault_of_the_destination(int errno, int expected) =>
        Assert.Equal(expected, LinuxDatagrams.ConnectErrnoOf(errno));
}
