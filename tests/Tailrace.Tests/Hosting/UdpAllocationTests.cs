using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Hosting;

/// <summary>In the steady state a datagram allocates nothing on its worker's thread.</summary>
/// <remarks>As in <see cref="AllocationTests"/>: the compiler's own unoptimized code is not judged by this.</remarks>
public sealed class UdpAllocationTests
{
    private const int Datagrams = 10_000;
    private const int ClientCount = 8;
    private const int Window = 4;
    private const int PatienceSeconds = 60;

    [Theory]
    [InlineData(EngineChoice.Epoll, "127.0.0.1:0")]
    [InlineData(EngineChoice.Epoll, ":0")]
    [InlineData(EngineChoice.IoUring, "127.0.0.1:0")]
    public void Nothing_is_allocated(EngineChoice engine, string address)
    {
        using var log = new Log(LogLevel.Error, output: TextWriter.Null);
        using var origin = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        origin.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var echo = new Thread(() => Echo(origin)) { IsBackground = true };
        echo.Start();
        using var server = new Server(new TailraceOptions
        {
            Workers = 1,
            Engine = engine,
            Listeners = [new ListenerOptions { Address = address, Protocol = ListenerProtocol.Udp, Cluster = "origin" }],
            Clusters = new Dictionary<string, ClusterOptions> { ["origin"] = new() { Destinations = [$"udp://{origin.LocalEndPoint}"] } },
        }, log);
        server.Start();
        var port = ((IPEndPoint)server.Addresses[0]).Port;
        var clients = Enumerable.Range(0, ClientCount).Select(_ => Connect(port)).ToArray();
        var watch = Stopwatch.StartNew();
        long allocated;
        do allocated = Measure(server, clients, Datagrams);
        while (allocated != 0 && IsOptimized && watch.Elapsed.TotalSeconds < PatienceSeconds);
        if (IsOptimized) Assert.True(allocated == 0, $"{(double)allocated / Datagrams} bytes per datagram");
        Assert.Equal(ClientCount, server.Statistics[0].Udp.Opened);
        foreach (var client in clients) client.Dispose();
    }

    private static bool IsOptimized { get; } =
        typeof(Server).Assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };

    private static long Measure(Server server, Socket[] clients, int datagrams)
    {
        var before = AllocatedBy(server);
        var buffer = new byte[2000];
        for (var i = 0; i < datagrams; i += ClientCount * Window)
        {
            for (var c = 0; c < ClientCount; c++)
            {
                for (var w = 0; w < Window; w++) clients[c].Send(buffer.AsSpan(0, 100 * (c + 1)));
            }
            for (var c = 0; c < ClientCount; c++)
            {
                for (var w = 0; w < Window; w++) Assert.Equal(100 * (c + 1), clients[c].Receive(buffer));
            }
        }
        return AllocatedBy(server) - before;
    }

    private static long AllocatedBy(Server server)
    {
        using var done = new ManualResetEventSlim();
        var bytes = 0L;
        server.Workers[0].Reactor.Loop.Post(() =>
        {
            bytes = GC.GetAllocatedBytesForCurrentThread();
            done.Set();
        });
        Assert.True(done.Wait(30_000), "the worker does not answer");
        return bytes;
    }

    private static Socket Connect(int port)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 30_000 };
        client.Connect(IPAddress.Loopback, port);
        return client;
    }

    private static void Echo(Socket origin)
    {
        var buffer = new byte[2000];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        try
        {
            while (true) origin.SendTo(buffer.AsSpan(0, origin.ReceiveFrom(buffer, ref from)), from);
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }
}
