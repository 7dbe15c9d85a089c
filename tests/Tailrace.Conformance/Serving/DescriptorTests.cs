using System.Diagnostics;
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
}
