using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Differential;

/// <summary>Tailrace: one listener that says what it understood, and a proxy before each peer.</summary>
internal sealed class OurServer : IDisposable
{
    // A peer that says nothing is a peer that refuses.
    private static readonly ClusterTimeouts s_timeouts = new() { FirstByte = TimeSpan.FromSeconds(2) };

    private readonly Server _server;
    private int _count;

    internal OurServer(IReadOnlyList<Peer> peers)
    {
        var forwarded = new ForwardedOptions { XForwarded = ForwardedMode.Off };
        // Paths of this project's making are odd; they are to reach the peers.
        _server = new Server(new TailraceOptions
        {
            Workers = 1,
            Log = new LogOptions { Level = LogLevel.Error },
            Listeners =
            [
                new ListenerOptions { Address = "127.0.0.1:0", Name = "own", Trace = true },
                .. peers.Select(peer => new ListenerOptions
                {
                    Address = "127.0.0.1:0",
                    Name = peer.Name,
                    Trace = true,
                    Forwarded = forwarded,
                    Routes = [new RouteOptions { Cluster = peer.Name }],
                }),
            ],
            Clusters = peers.ToDictionary(
                peer => peer.Name,
                peer => new ClusterOptions { Destinations = [$"http://{peer.Behind}"], Timeouts = s_timeouts }),
        });
        _server.Map(new CodeRoute(Handler.From(AnswerAsync)) { Listener = "own" });
        _server.Start();
    }

    /// <summary>Says what it understood.</summary>
    internal EndPoint Own => _server.Addresses[0];

    /// <summary>The proxy before a peer.</summary>
    internal EndPoint Before(int peer) => _server.Addresses[peer + 1];

    /// <summary>Handlers that failed: a bug.</summary>
    internal long Failures => _server.Statistics.Sum(counters => counters.UnhandledErrors);

    /// <inheritdoc/>
    public void Dispose() => _server.Dispose();

    private async LoopTask AnswerAsync(Exchange exchange)
    {
        using var body = new MemoryStream();
        var buffer = new byte[4096];
        while (true)
        {
            var read = await exchange.ReadAsync(buffer);
            if (read.IsError) return;
            if (read.Bytes == 0) break;
            body.Write(buffer, 0, read.Bytes);
        }
        Answer(exchange, body.ToArray());
    }

    private void Answer(Exchange exchange, byte[] body)
    {
        var bytes = exchange.RequestBytes;
        var fields = new List<(string, string)>();
        foreach (ref readonly var field in exchange.Request.Headers.Fields)
        {
            var name = Encoding.Latin1.GetString(field.Name.In(bytes));
            fields.Add((name, Encoding.Latin1.GetString(field.Value.In(bytes))));
        }
        var method = Encoding.Latin1.GetString(exchange.Request.MethodText.In(bytes));
        var target = Encoding.Latin1.GetString(exchange.Request.Target.In(bytes));
        var reading = Reading.Write(++_count, method, target, body, fields);
        exchange.Begin(200, 0);
        exchange.Header("X-Reading"u8, Encoding.ASCII.GetBytes(reading));
        exchange.End();
    }
}
