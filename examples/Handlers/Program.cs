// Handlers of every kind, as docs/programming.md explains them.
//   dotnet run -c Release --project examples/Handlers [-- 127.0.0.1:8080]
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;

var address = args.Length > 0 ? args[0] : "127.0.0.1:8080";
var options = new TailraceOptions { Listeners = [new ListenerOptions { Address = address }] };
using var server = new Server(options);

// Whole, and always the same: prepared once.
var hello = new PreparedReply(200, "text/plain", "Hello\n"u8);
server.Map("/", exchange =>
{
    exchange.Respond(hello);
    return LoopTask.Completed;
});

// Reads the request's body in pieces.
server.Map("/sum", async exchange =>
{
    var buffer = new byte[4096];
    long sum = 0;
    while (true)
    {
        var read = await exchange.ReadAsync(buffer);
        if (read.IsError) return;      // the client is gone or broke the rules: there is nobody to answer
        if (read.Bytes == 0) break;    // the end of the body
        foreach (var value in buffer.AsSpan(0, read.Bytes)) sum += value;
    }
    await exchange.Respond(200, $"{sum}\n");
});

// Writes the answer in pieces, as long as the client takes them.
server.Map("/ticks", async exchange =>
{
    exchange.Begin(200);
    exchange.Header("Content-Type"u8, "text/plain"u8);
    for (var i = 0; i < 10; i++)
    {
        await exchange.WriteAsync("tick\n"u8);
        if ((await exchange.FlushAsync()).IsError) return;
        await Task.Delay(100);
    }
    exchange.End();
});

// Asks somebody else, and passes the answer on.
var client = new FetchClient();
server.Map("/weather", async exchange =>
{
    using var answer = await client.GetAsync(exchange.Reactor, "http://127.0.0.1:9001/echo");
    await answer.RelayAsync(exchange);
});

// Remembers something, for each worker by itself.
var tallies = new ReactorLocal<Tally>(_ => new Tally());
server.Map("/count", exchange =>
{
    var tally = tallies.Of(exchange.Reactor);
    tally.Requests++;
    return exchange.Respond(200, $"{tally.Requests} on worker {exchange.Reactor.Index}\n");
});

server.Start();
Signals.WaitForStop();
server.Stop(options.Shutdown.Grace);

/// <summary>What one worker has counted.</summary>
internal sealed class Tally
{
    /// <summary>Requests for <c>/count</c>.</summary>
    public long Requests { get; set; }
}
