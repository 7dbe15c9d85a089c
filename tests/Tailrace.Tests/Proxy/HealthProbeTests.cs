using System.Net;
using System.Net.Sockets;
using System.Text;
using Tailrace.Conformance.Support;
using Tailrace.Io.ProxyProtocol;
using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>What an active check makes of an address, over loopback sockets.</summary>
public sealed class HealthProbeTests
{
    private static readonly CheckSettings s_body = new() { Body = "fine"u8.ToArray() };

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", null)]
    [InlineData("HTTP/1.0 399 Odd\r\nA: b\r\n\r\nbody", null)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\n\r\n", "status 503")]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\n", "status 404")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", null)]
    [InlineData("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 Service Unavailable\r\n\r\n", "status 503")]
    [InlineData("HTTP/1.1 103 Early Hints\r\n\r\n", "closed without an answer")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", "status 101")]
    [InlineData("HTTP/1.1 20x OK\r\n\r\n", "no HTTP")]
    [InlineData("SSH-2.0-x\r\n\r\n\r\n\r\n", "no HTTP")]
    [InlineData("HTTP/1.1 200 OK\r\n", "no HTTP")]
    [InlineData("", "closed without an answer")]
    public async Task An_answer_is_judged(string answer, string? expected) =>
        Assert.Equal(expected, await ProbeAsync(answer, new CheckSettings()));

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nall is fine here", null)]
    [InlineData("HTTP/1.1 200 OK\r\nX: fine\r\n\r\nnot so", "the body lacks what is expected")]
    [InlineData("HTTP/1.1 500 Bad\r\n\r\nfine", "status 500")]
    public async Task A_body_is_looked_at(string answer, string? expected) =>
        Assert.Equal(expected, await ProbeAsync(answer, s_body));

    [Fact]
    public async Task Statuses_can_be_chosen()
    {
        var settings = new CheckSettings { Statuses = [404, 418] };
        Assert.Null(await ProbeAsync("HTTP/1.1 418 Teapot\r\n\r\n", settings));
        Assert.Equal("status 200", await ProbeAsync("HTTP/1.1 200 OK\r\n\r\n", settings));
    }

    [Fact]
    public void An_answer_may_come_in_any_pieces()
    {
        var answer = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nfine"u8;
        for (var length = 0; length < answer.Length; length++)
            Assert.False(HealthProbe.TryJudge(answer[..length], isWhole: false, s_body, out _));
        Assert.True(HealthProbe.TryJudge(answer, isWhole: false, s_body, out var fault));
        Assert.Null(fault);
    }

    [Fact]
    public async Task It_asks_as_it_is_told()
    {
        string? request = null;
        var settings = new CheckSettings { Path = "/up", Host = "b.example" };
        await ProbeAsync("HTTP/1.1 200 OK\r\n\r\n", settings, seen => request = seen);
        Assert.StartsWith("GET /up HTTP/1.1\r\nHost: b.example\r\n", request);
        Assert.Contains("\r\nConnection: close\r\n", request);
        await ProbeAsync("HTTP/1.1 200 OK\r\n\r\n", new CheckSettings(), seen => request = seen);
        Assert.StartsWith("GET / HTTP/1.1\r\nHost: own.example:81\r\n", request);
    }

    [Theory]
    [InlineData((int)ProxyVersion.Off, "")]
    [InlineData((int)ProxyVersion.V1, "PROXY UNKNOWN\r\n")]
    [InlineData((int)ProxyVersion.V2, "\r\n\r\n\0\r\nQUIT\n \0\0\0")]
    public async Task A_PROXY_header_of_its_own_goes_first(int version, string expected)
    {
        var stop = TestContext.Current.CancellationToken;
        foreach (var isHttp in new[] { true, false })
        {
            using var listener = Listen();
            var settings = new CheckSettings { IsHttp = isHttp, ProxyVersion = (ProxyVersion)version };
            var probe = HealthProbe.RunAsync((IPEndPoint)listener.LocalEndpoint, "own.example:81", settings, stop);
            using var socket = await listener.AcceptSocketAsync(stop);
            var wanted = Encoding.ASCII.GetBytes(expected + (isHttp ? "GET / " : ""));
            var seen = new byte[wanted.Length];
            await new NetworkStream(socket).ReadExactlyAsync(seen, stop);
            Assert.Equal(wanted, seen);
            await socket.SendAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), stop);
            Assert.Null((await probe).Fault);
        }
    }

    [Fact]
    public async Task A_connection_is_enough_for_tcp()
    {
        using var listener = Listen();
        var address = (IPEndPoint)listener.LocalEndpoint;
        var settings = new CheckSettings { IsHttp = false };
        var stop = TestContext.Current.CancellationToken;
        Assert.Equal(default, await HealthProbe.RunAsync(address, "x", settings, stop));
        var nobody = new IPEndPoint(IPAddress.Loopback, Silence.UnusedPort());
        Assert.Equal(new CheckResult("ConnectionRefused"), await HealthProbe.RunAsync(nobody, "x", settings, stop));
    }

    [Fact]
    public async Task Silence_is_bad()
    {
        using var listener = Listen();
        var settings = new CheckSettings { Timeout = TimeSpan.FromMilliseconds(50) };
        var result = await HealthProbe.RunAsync(
            (IPEndPoint)listener.LocalEndpoint, "x", settings, TestContext.Current.CancellationToken);
        Assert.Equal(new CheckResult("timed out"), result);
    }

    [Theory]
    [InlineData(SocketError.AddressFamilyNotSupported, "AddressFamilyNotSupported", false)]
    [InlineData(SocketError.AccessDenied, "AccessDenied", false)]
    [InlineData(SocketError.AddressNotAvailable, "AddressNotAvailable", false)]
    [InlineData(SocketError.TooManyOpenSockets, "no descriptor left", true)]
    [InlineData(SocketError.NoBufferSpaceAvailable, "the system has no memory for it", true)]
    public async Task A_socket_that_cannot_be_had_is_a_result(SocketError error, string fault, bool isOwnWant)
    {
        var address = new NoSocketEndPoint(new SocketException((int)error));
        var result = await HealthProbe.RunAsync(
            address, "x", new CheckSettings(), TestContext.Current.CancellationToken);
        Assert.Equal(new CheckResult(fault, isOwnWant), result);
    }

    [Fact]
    public async Task So_is_what_nobody_expects()
    {
        var address = new NoSocketEndPoint(new InvalidDataException("odd"));
        var result = await HealthProbe.RunAsync(
            address, "x", new CheckSettings(), TestContext.Current.CancellationToken);
        Assert.Equal(new CheckResult("odd"), result);
    }

    private static async Task<string?> ProbeAsync(string answer, CheckSettings settings, Action<string>? see = null)
    {
        var stop = TestContext.Current.CancellationToken;
        using var listener = Listen();
        var probe = HealthProbe.RunAsync((IPEndPoint)listener.LocalEndpoint, "own.example:81", settings, stop);
        using (var socket = await listener.AcceptSocketAsync(stop))
        {
            var request = new byte[1000];
            var length = await socket.ReceiveAsync(request, stop);
            see?.Invoke(Encoding.ASCII.GetString(request, 0, length));
            await socket.SendAsync(Encoding.ASCII.GetBytes(answer), stop);
        }
        return (await probe).Fault;
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }
}
