using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>A process without descriptors: accepting pauses, nothing spins, and all are served in the end.</summary>
public sealed class DescriptorTests
{
    private const int Clients = 300;

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Who_cannot_be_accepted_waits(EngineChoice engine)
    {
        using var server = new ChildServer(
            $"echo --listen 127.0.0.1:0 --workers 1 --engine {ChildServer.NameOf(engine)}", descriptors: 200);
        var clients = Enumerable.Range(0, Clients).Select(_ => Wire.Connect(server.Address)).ToArray();
        foreach (var client in clients) client.Send(Reply.Get());
        Wait.Until(() => server.Log.With("accepting pauses: OutOfDescriptors").Any(), $"no pause:\n{server.Log}");

        // Whoever has been served stays for a while, and the server has nothing to do but to look now and then.
        var (before, watch) = (server.ProcessorTime, Stopwatch.StartNew());
        while (watch.Elapsed < TimeSpan.FromMilliseconds(500)) Thread.Sleep(50);
        Assert.True(server.IsRunning, $"it has ended:\n{server.Log}");
        Assert.InRange((server.ProcessorTime - before).TotalMilliseconds, 0, 250);

        // Those that leave make room for others.
        foreach (var batch in clients.Chunk(40))
        {
            foreach (var client in batch) Assert.Equal(200, client.ReadAnswer().Status);
            foreach (var client in batch) client.Dispose();
        }
        Assert.True(server.IsRunning, $"it has ended:\n{server.Log}");
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Who_is_accepted_is_connected(EngineChoice engine)
    {
        using var origin = new Origin(wire => wire.Send(wire.ReadToEnd()));
        // The last descriptor before accepting pauses is once a client's and once its connect's.
        foreach (var descriptors in new[] { 200, 201 })
        {
            using var server = new ChildServer(
                $"tcp --listen 127.0.0.1 --port 0 --backend 127.0.0.1 --backend-port {origin.Address.Port} --workers 1 "
                + $"--engine {ChildServer.NameOf(engine)}",
                descriptors);
            var clients = Enumerable.Range(0, Clients / 2).Select(_ => Wire.Connect(server.Address)).ToArray();
            foreach (var client in clients) client.Send("x");
            Wait.Until(() => server.Log.With("accepting pauses: OutOfDescriptors").Any(), $"no pause:\n{server.Log}");
            foreach (var client in clients)
            {
                client.EndSending();
                Assert.Equal("x"u8.ToArray(), client.ReadToEnd());
                client.Dispose();
            }
            Assert.Empty(server.Log.With("no descriptor"));
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Who_has_to_speak_first_is_connected_however_many_wait(EngineChoice engine)
    {
        using var origin = new Origin(wire => wire.Send(wire.ReadToEnd()));
        var file = Path.GetTempFileName();
        Check("protocol: tcp, tls_routes: [{ host: a.example, cluster: a }], timeouts: { hello: 1h }", "x");
        Check("protocol: mixed, routes: [{ respond: {} }], timeouts: { hello: 1h }", "x");
        Check("protocol: tcp, proxy_protocol: { accept: required, timeout: 1h }", "PROXY UNKNOWN\r\nx");
        File.Delete(file);

        void Check(string listener, string said)
        {
            File.WriteAllText(file, $$"""
                workers: 1
                engine: {{ChildServer.NameOf(engine)}}
                listeners: [{ address: "127.0.0.1:0", cluster: a, {{listener}} }]
                clusters: { a: { destinations: ["{{origin.Address}}"] } }
                """);
            using var server = new ChildServer($"run {file}", descriptors: 200);
            var clients = Enumerable.Range(0, Clients / 2).Select(_ => Wire.Connect(server.Address)).ToArray();
            Wait.Until(() => server.Log.With("accepting pauses: OutOfDescriptors").Any(), $"no pause:\n{server.Log}");
            foreach (var client in clients) client.Send(said);
            foreach (var client in clients)
            {
                client.EndSending();
                Assert.Equal("x"u8.ToArray(), client.ReadToEnd());
                client.Dispose();
            }
            Assert.Empty(server.Log.With("no descriptor"));
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Sources_of_datagrams_leave_some_for_connections(EngineChoice engine)
    {
        using var sink = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sink.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var udp = FreePort();
        var path = Path.GetTempFileName();
        File.WriteAllText(path, $$"""
            workers: 1
            engine: {{ChildServer.NameOf(engine)}}
            listeners:
              - { address: "127.0.0.1:0", defer_accept: false }
              - { address: "127.0.0.1:{{udp}}", protocol: udp, cluster: sink }
            routes: [ { match: { path_prefix: / }, respond: { body: hi } } ]
            clusters: { sink: { destinations: [ "udp://{{sink.LocalEndPoint}}" ] } }
            """);
        const int descriptors = 400;
        using (var server = new ChildServer($"run {path}", descriptors))
        {
            var sources = Enumerable.Range(0, descriptors).Select(_ => Send(udp)).ToArray();
            Wait.Until(
                () => server.Log.With("new sources are dropped").Any() || server.Log.With("no descriptor").Any(),
                $"all fit:\n{server.Log}");
            // One may have been let in beforehand.
            var clients = Enumerable.Range(0, 10).Select(_ => Wire.Connect(server.Address)).ToArray();
            foreach (var client in clients) client.Send(Reply.Get());
            foreach (var client in clients) Assert.Equal("hi", client.ReadAnswer().Text);
            foreach (var client in clients) client.Dispose();
            foreach (var source in sources) source.Dispose();
        }
        File.Delete(path);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Sends one datagram from a source of its own.</summary>
    private static Socket Send(int port)
    {
        var source = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        source.SendTo("x"u8, new IPEndPoint(IPAddress.Loopback, port));
        return source;
    }
}
