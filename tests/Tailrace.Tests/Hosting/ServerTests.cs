using Tailrace.Config;
using Tailrace.Hosting;

namespace Tailrace.Tests.Hosting;

/// <summary>What a server knows of its needs before it serves.</summary>
public sealed class ServerTests
{
    [Theory]
    [InlineData(ListenerProtocol.Http, 100)]
    [InlineData(ListenerProtocol.Udp, 100)]
    [InlineData(ListenerProtocol.Tcp, 200)]
    [InlineData(ListenerProtocol.Mixed, 200)]
    [InlineData(ListenerProtocol.Forward, 200)]
    public void A_forwarded_connection_takes_two_descriptors(ListenerProtocol protocol, int expected) =>
        Assert.Equal(expected, Server.DescriptorsOf(new ListenerOptions { Protocol = protocol, MaxConnections = 100 }));
}
