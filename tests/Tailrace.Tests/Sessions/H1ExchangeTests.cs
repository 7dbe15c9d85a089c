using Tailrace.Handlers;
using Tailrace.Io;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Sessions;

/// <summary>The answer over HTTP/1.1, as handlers write it.</summary>
public sealed class H1ExchangeTests
{
    private static readonly PreparedReply s_reply = new(200, "text/plain", "12345"u8);

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    public void To_end_a_prepared_answer_is_a_mistake_whatever_came_before(int earlier) =>
        Assert.True(IsAborted(earlier, exchange =>
        {
            exchange.Respond(s_reply);
            exchange.End();
        }));

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(100)]
    public void To_write_behind_a_prepared_answer_is_a_mistake_whatever_came_before(int earlier) =>
        Assert.True(IsAborted(earlier, exchange =>
        {
            exchange.Respond(s_reply);
            exchange.WriteAsync("6"u8).GetAwaiter().GetResult();
        }));

    [Fact]
    public void To_end_an_answer_twice_is_a_mistake() => Assert.True(IsAborted(5, exchange =>
    {
        exchange.Begin(200);
        exchange.End("12345"u8);
        exchange.End();
    }));

    [Fact]
    public void An_answer_to_HEAD_needs_no_room_for_its_body()
    {
        var large = new PreparedReply(200, "", new byte[Exchange.PieceBytesMax]);
        Assert.False(IsAborted(5, exchange => exchange.Respond(large), "HEAD"));
    }

    /// <summary>Whether an answer aborts that is the second on its connection, from the same object.</summary>
    /// <param name="earlier">Bytes of the answer before it.</param>
    /// <param name="respond">Answers.</param>
    /// <param name="method">The request's method.</param>
    private static bool IsAborted(int earlier, Action<Exchange> respond, string method = "GET")
    {
        using var rig = new LoopRig("portable");
        Exchange? first = null;
        bool? isAborted = null;
        var handler = Handler.From(exchange =>
        {
            if (first is null)
            {
                first = exchange;
                exchange.Begin(200, earlier);
                exchange.End(new byte[earlier]);
                return LoopTask.Completed;
            }
            Assert.Same(first, exchange);
            respond(exchange);
            isAborted = exchange.IsAborted;
            return LoopTask.Completed;
        });
        rig.Run(async () =>
        {
            var context = new ServerContext(rig.Reactor, new ServerSettings(), (_, _, _) => handler, accessLog: null);
            var (client, served) = await rig.PairAsync();
            context.Serve(served);
            await LoopRig.SendAsync(client, $"GET / HTTP/1.1\r\nHost: h\r\n\r\n{method} / HTTP/1.1\r\nHost: h\r\n\r\n");
            client.Output.Release();
            await rig.UntilAsync(() => isAborted is not null);
            client.Close();
            await rig.UntilAsync(() => context.Count == 0);
        });
        return isAborted!.Value;
    }
}
