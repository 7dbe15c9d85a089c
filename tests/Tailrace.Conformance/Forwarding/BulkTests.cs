using System.Security.Cryptography;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Forwarding;

/// <summary>Large transfers over real sockets, copied and within the kernel: never a byte lost, mixed or kept.</summary>
public sealed class BulkTests
{
    private const int Clients = 6;
    private const int Transfers = 12;
    private const int SizeMax = 3 << 20;

    private static readonly ListenerOptions s_tcp = new()
    {
        Address = "127.0.0.1:0",
        Name = "main",
        Protocol = ListenerProtocol.Tcp,
        Cluster = "origins",
    };

    /// <summary>The engines, with so many pipes.</summary>
    public static TheoryData<EngineChoice, int> Engines =>
        [.. from row in Scenario.Engines from pipes in new[] { 256, 2, 0 } select (row.Data, pipes)];

    [Theory, MemberData(nameof(Engines))]
    public void Bodies_of_random_sizes_arrive_both_ways(EngineChoice engine, int pipes) => Run(engine, pipes, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            while (wire.HasMore())
            {
                var request = wire.ReadRequest();
                var seed = int.Parse(request.Field("X-Seed")!);
                var body = Payload.Of(Size(new Random(seed)), seed);
                var head = $"HTTP/1.1 200 OK\r\nX-Hash: {Hash(request.Body)}\r\n";
                if (seed % 3 == 0) SendChunked(wire, head, body, 1 << 10 + seed % 10);
                else Send(wire, $"{head}Content-Length: {body.Length}\r\n\r\n", body, seed);
            }
        });
        var address = scenario.Address;
        Crowd.Run(Clients, index =>
        {
            using var client = Wire.Connect(address, windowBytes: index % 3 == 0 ? 32 << 10 : 0);
            for (var i = 0; i < Transfers; i++)
            {
                var seed = index * 1000 + i;
                var body = Payload.Of(Size(new Random(seed + 500)), seed + 500);
                var head = $"POST / HTTP/1.1\r\nHost: a\r\nX-Seed: {seed}\r\n";
                if (i % 4 == 0) SendChunked(client, head, body, 50_000);
                else Send(client, $"{head}Content-Length: {body.Length}\r\n\r\n", body, seed);
                if (i % 5 == 0) Thread.Sleep(5);
                var answer = client.ReadAnswer();
                Assert.Equal(Hash(body), answer.Field("X-Hash"));
                Payload.Same(Payload.Of(Size(new Random(seed)), seed), answer.Body);
            }
        });
        Expect(scenario, engine, pipes);
    });

    [Theory, MemberData(nameof(Engines))]
    public void Streams_of_random_sizes_arrive_both_ways(EngineChoice engine, int pipes) => Run(engine, pipes, scenario =>
    {
        scenario.Listener = s_tcp;
        scenario.AddOrigin(wire =>
        {
            // A seed in a line, bytes until the end; then as many of its own, and their end.
            var seed = int.Parse(wire.ReadLine());
            var body = wire.ReadToEnd();
            wire.Send(Hash(body) + "\r\n");
            wire.SendSplit(Payload.Of(body.Length, seed), 1 + seed % 7 * 30_000);
        });
        var address = scenario.Address;
        Crowd.Run(Clients, index =>
        {
            for (var i = 0; i < Transfers; i++)
            {
                var seed = index * 1000 + i;
                var up = Payload.Of(Size(new Random(seed)), seed + 1);
                using var wire = Wire.Connect(address, windowBytes: i % 4 == 0 ? 32 << 10 : 0);
                wire.Send($"{seed}\r\n");
                wire.SendSplit(up, i % 3 == 0 ? 20_000 : 200_000);
                wire.EndSending();
                Assert.Equal(Hash(up), wire.ReadLine());
                if (i % 4 == 0) Thread.Sleep(5);
                Payload.Same(Payload.Of(up.Length, seed), wire.ReadToEnd());
            }
        });
        Expect(scenario, engine, pipes);
    });

    [Theory, MemberData(nameof(Engines))]
    public void Whoever_leaves_in_the_middle_leaves_nothing_behind(EngineChoice engine, int pipes) => Run(engine, pipes, scenario =>
    {
        scenario.AddOrigin(wire =>
        {
            var seed = int.Parse(wire.ReadRequest().Field("X-Seed")!);
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {SizeMax}\r\n\r\n");
            // Every other origin goes first.
            wire.Send(Payload.Of(SizeMax, seed).AsSpan(0, seed % 2 == 0 ? SizeMax : SizeMax / 2));
            if (seed % 4 == 1) wire.Reset();
        });
        var address = scenario.Address;
        Crowd.Run(Clients, index =>
        {
            for (var i = 0; i < Transfers; i++)
            {
                var seed = index * 1000 + i;
                using var client = Wire.Connect(address, windowBytes: 16 << 10);
                client.Send($"GET / HTTP/1.1\r\nHost: a\r\nX-Seed: {seed}\r\n\r\n");
                Assert.Equal(200, client.ReadHead().Status);
                if (seed % 2 != 0)
                {
                    client.ExpectReset();
                    continue;
                }
                var part = new Random(seed).Next(SizeMax / 4);
                Payload.Same(Payload.Of(SizeMax, seed).AsSpan(0, part), client.ReadExactly(part));
                if (i % 3 == 0) client.Reset();
            }
        });
        scenario.WaitUntilIdle();
        Assert.Equal(0, scenario.Ask(reactor => reactor.Loop.UnseenHeld));
        Assert.Equal(0, scenario.Ask(reactor => reactor.Buffers.Rented));
    });

    private static int Size(Random random) => 1 << random.Next(21) | random.Next(1 << 20);

    private static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    private static void Send(Wire wire, string head, byte[] body, int seed)
    {
        wire.Send(head);
        wire.SendSplit(body, seed % 2 == 0 ? 300_000 : 30_000);
    }

    private static void SendChunked(Wire wire, string head, byte[] body, int chunkBytes)
    {
        wire.Send($"{head}Transfer-Encoding: chunked\r\n\r\n");
        foreach (var chunk in body.Chunk(chunkBytes)) wire.SendChunk(chunk);
        wire.Send("0\r\n\r\n");
    }

    private static void Expect(Scenario scenario, EngineChoice engine, int pipes)
    {
        scenario.WaitUntilIdle();
        var isKept = pipes > 0 && engine != EngineChoice.Portable;
        Assert.Equal(isKept, scenario.Counters.BytesSpliced > 0);
        Assert.Equal(0, scenario.Ask(reactor => reactor.Loop.UnseenHeld));
    }

    private static void Run(EngineChoice engine, int pipes, Action<Scenario> body)
    {
        var before = Descriptors.CountPipes();
        Scenario.Run(engine, scenario =>
        {
            scenario.Options = scenario.Options with { Buffers = new BufferOptions { Pipes = pipes } };
            body(scenario);
        });
        Wait.Until(() => Descriptors.CountPipes() <= before, "pipes are open");
    }
}
