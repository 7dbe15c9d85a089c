using System.Net;
using System.Net.Sockets;
using System.Text;
using Tailrace.Io;
using Tailrace.Io.Backends;
using Tailrace.Native;

namespace Tailrace.Tests.Io.Backends;

/// <summary>Within the machine the cheapest congestion control is used, towards others the system's.</summary>
public sealed unsafe class LinuxSocketsTests
{
    [Theory]
    [InlineData("127.0.0.1"), InlineData("127.9.8.7"), InlineData("::1")]
    public void A_loopback_listener_gives_its_connections_the_cheapest(string address)
    {
        var listener = LinuxSockets.Listen(new IPEndPoint(IPAddress.Parse(address), 0), new ListenSettings(), 0);
        var local = LinuxSockets.LocalAddress(listener);
        var errno = LinuxSockets.Connect(local.Serialize(), 0, out var client);
        Assert.True(errno is 0 or Errno.InProgress, $"errno {errno}");
        var poll = new SocketAbi.Poll { Descriptor = listener, Events = 1 };
        Assert.Equal(1, Libc.poll(&poll, 1, 10_000));
        var accepted = Libc.accept4(listener, null, null, 0);
        Assert.Equal(["reno", "reno", "reno"], [.. new[] { listener, client, accepted }.Select(TakeCongestionControl)]);
    }

    [Fact]
    public void Elsewhere_the_system_decides()
    {
        using var untouched = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var wildcard = LinuxSockets.Listen(new IPEndPoint(IPAddress.Any, 0), new ListenSettings(), 0);
        Assert.Equal(CongestionControl((int)untouched.Handle), TakeCongestionControl(wildcard));
    }

    private static string TakeCongestionControl(int fd)
    {
        var name = CongestionControl(fd);
        Libc.close(fd);
        return name;
    }

    private static string CongestionControl(int fd)
    {
        var name = stackalloc byte[16];
        uint length = 16;
        Assert.Equal(0, Libc.getsockopt(fd, SocketAbi.IpProtoTcp, SocketAbi.TcpCongestion, name, &length));
        return Encoding.ASCII.GetString(name, (int)length).TrimEnd('\0');
    }
}
