using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Simulation;
using Tailrace.Simulation.Scenarios;
using Tailrace.Telemetry;
using Tailrace.Tests.Config;

namespace Tailrace.Tests.Proxy;

/// <summary>An answer that comes while the request's body is on its way, between sides that do not keep it waiting.
/// </summary>
public sealed class EarlyAnswerTests
{
    private const int BulkBytes = 8192;
    private const string Request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n";
    private const string Answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";

    private static readonly Log s_log = new(LogLevel.Error, output: TextWriter.Null);

    [Fact]
    public void It_does_not_wait_for_the_rest_of_the_body()
    {
        // Who has the first turn is the dice's decision.
        for (ulong seed = 1; seed <= 10; seed++) AnswerOvertakes(seed);
    }

    private static void AnswerOvertakes(ulong seed)
    {
        using var world = new SimWorld(seed, _ => new SimConditions
        {
            LatencyMsMax = 0,
            SegmentBytesMax = BulkBytes,
            WindowBytes = 1 << 20,
            Late = 0,
            ShortRead = 0,
            Busy = 0,
        });
        var proxy = world.CreateReactor(bulkBytes: BulkBytes);
        var outside = world.CreateReactor();
        var snapshot = Snapshot.Build(Yaml.Options(
            """
            listeners: [ { address: "10.0.0.1:80" } ]
            routes: [ { cluster: origins } ]
            clusters: { origins: { destinations: [ "http://10.0.0.2:81" ] } }
            """));
        using var worker = new Worker(proxy, snapshot, s_log);
        var accepted = new List<SocketConnection>();
        var origin = StreamServer.Listen(world, outside, connection =>
        {
            accepted.Add(connection);
            return AnswerAsync(connection);
        });
        worker.SetAddresses("origins", 0, [outside.Loop.LocalAddress(origin).Serialize()]);
        var listener = snapshot.Listeners[0];
        var address = worker.Listen(listener, listener.Address, shared: false, [], accessLog: null);
        worker.Serve();

        var client = SocketConnection.Rent(outside);
        var answer = new StringBuilder();
        world.Start(outside, async () =>
        {
            Assert.False((await client.ConnectAsync(address.Serialize())).IsError);
            UploadAsync(client).Detach();
            while (await client.FillAsync() is { IsError: false, Bytes: > 0 })
            {
                answer.Append(Encoding.Latin1.GetString(client.Input.Unread));
                client.Input.Clear();
            }
        });
        world.RunUntil(
            () => answer.ToString().EndsWith("\r\n\r\nno", StringComparison.Ordinal), limitMs: 1000,
            () => $"seed {seed}: the client has \"{answer}\"");
        Assert.StartsWith("HTTP/1.1 413 ", answer.ToString());
        world.Call(outside, () =>
        {
            foreach (var connection in accepted) connection.Close(reset: true);
            client.Close(reset: true);
            StreamServer.Close(outside, origin);
        });
        world.Call(proxy, worker.Drain);
        world.CheckClean();
    }

    /// <summary>Says no before anything has come, and reads nothing.</summary>
    private static async LoopTask AnswerAsync(SocketConnection connection)
    {
        Assert.True(connection.Output.TryAppend(Encoding.ASCII.GetBytes(Answer)));
        Assert.False((await connection.FlushAsync()).IsError);
        connection.Output.Release();
    }

    /// <summary>Sends as fast as it is taken.</summary>
    private static async LoopTask UploadAsync(SocketConnection connection)
    {
        Assert.True(connection.Output.TryAppend(Encoding.ASCII.GetBytes(Request)));
        var piece = new byte[16384];
        while (!(await connection.FlushAsync()).IsError) Assert.True(connection.Output.TryAppend(piece));
    }
}
