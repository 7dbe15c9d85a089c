using System.Text;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>Answers that a handler relays: a client, a server that fetches, and the origin, on one loop.</summary>
public sealed class FetchRelayTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    public static TheoryData<string> Engines => LoopRig.Engines;

    [Theory]
    [InlineData("HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX-One: 1\r\n\r\nok", "Content-Length: 2\r\n", "ok")]
    [InlineData("HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\nX-One: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.0 201 Made\r\nX-One: 1\r\n\r\nok", "Transfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\n\r\n")]
    public void Every_framing_is_relayed_in_our_own(string said, string framing, string body)
    {
        using var rig = new FetchRig("portable");
        var server = Relay(rig, rig.Script(said));
        rig.Run(async () =>
        {
            var answer = await rig.AskAsync(server, Get);
            Assert.StartsWith("HTTP/1.1 201 Made\r\n", answer);
            Assert.Contains("X-One: 1\r\n", answer);
            Assert.Contains(framing, answer);
            Assert.EndsWith($"\r\n\r\n{body}", answer);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_large_answer_passes_in_constant_memory_at_the_pace_of_the_client(string engine)
    {
        const int bytes = 8 << 20;
        using var rig = new FetchRig(engine);
        var origin = rig.Serve(async exchange =>
        {
            exchange.Begin(200, bytes);
            var piece = new byte[8192];
            for (var sent = 0; sent < bytes; sent += piece.Length)
            {
                piece.AsSpan().Fill((byte)(sent >> 13));
                await exchange.WriteAsync(piece);
                if ((await exchange.FlushAsync()).IsError) return;
            }
            exchange.End();
        });
        var server = Relay(rig, origin);
        rig.Run(async () =>
        {
            var client = await rig.ConnectAsync(server);
            await LoopRig.SendAsync(client, Get);
            var (received, rentedMax, head) = (0L, 0, -1);
            while ((await client.FillAsync()).Bytes > 0)
            {
                if (head < 0) head = client.Input.Unread.IndexOf("\r\n\r\n"u8) + 4;
                foreach (var value in client.Input.Unread[(received == 0 ? head : 0)..])
                {
                    if (value != (byte)(received++ >> 13)) Assert.Fail($"byte {received - 1} is {value}");
                }
                client.Input.Clear();
                rentedMax = Math.Max(rentedMax, rig.Reactor.Buffers.Rented);
                await rig.Reactor.Loop.YieldAsync();
            }
            Assert.Equal(bytes, received);
            Assert.InRange(rentedMax, 1, 8);
            client.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_get_relayed_to_a_head_has_no_body(string engine)
    {
        using var rig = new FetchRig(engine);
        var server = Relay(rig, rig.Script(
            ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]));
        rig.Run(async () =>
        {
            var answers = await rig.AskAsync(server, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + Get.Replace("GET", "HEAD"));
            Assert.Equal(2, answers.Split("Content-Length: 2\r\n").Length - 1);
            Assert.DoesNotContain("ok", answers);
            Assert.EndsWith("\r\n\r\n", answers);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_head_relayed_to_a_get_is_an_empty_answer(string engine)
    {
        using var rig = new FetchRig(engine);
        var server = Relay(rig, rig.Script("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"), Method.Head);
        rig.Run(async () => Assert.Contains("Content-Length: 0\r\n", await rig.AskAsync(server, Get)));
    }

    [Theory, MemberData(nameof(Engines))]
    public void Without_an_answer_the_client_gets_a_gateway_error(string engine)
    {
        using var rig = new FetchRig(engine, FetchRig.Settings with { FirstByteTimeoutMs = 20 });
        var refused = Relay(rig, rig.Nowhere());
        var silent = Relay(rig, rig.Script((string?)null));
        rig.Run(async () =>
        {
            Assert.StartsWith("HTTP/1.1 502 ", await rig.AskAsync(refused, Get));
            Assert.StartsWith("HTTP/1.1 504 ", await rig.AskAsync(silent, Get));
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_origin_that_dies_in_the_body_resets_the_client(string engine)
    {
        using var rig = new FetchRig(engine);
        var server = Relay(rig, rig.Script("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"));
        rig.Run(async () => Assert.EndsWith("[Reset]", await rig.AskAsync(server, Get)));
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_client_that_leaves_ends_the_fetch(string engine)
    {
        using var rig = new FetchRig(engine);
        var isLeft = false;
        var origin = rig.Serve(async exchange =>
        {
            exchange.Begin(200);
            do await exchange.WriteAsync(new byte[8192]);
            while (!(await exchange.FlushAsync()).IsError);
            isLeft = true;
        });
        var server = Relay(rig, origin);
        rig.Run(async () =>
        {
            var client = await rig.ConnectAsync(server);
            await LoopRig.SendAsync(client, Get);
            Assert.True((await client.FillAsync()).Bytes > 0);
            client.Close(reset: true);
            await rig.UntilAsync(() => isLeft && rig.OpenSessions == 0);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void What_was_read_from_cannot_be_relayed(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var said = "";
        var server = rig.Serve(async exchange =>
        {
            using var answer = await rig.GetAsync(origin);
            await answer.ReadAsync(new byte[1]);
            try
            {
                await answer.RelayAsync(exchange);
            }
            catch (InvalidOperationException failure)
            {
                said = failure.Message;
            }
            await exchange.Respond(200, "own");
        });
        rig.Run(async () => Assert.EndsWith("own", await rig.AskAsync(server, Get)));
        Assert.Contains("read", said);
    }

    private static string Relay(FetchRig rig, string origin, Method method = Method.Get) => rig.Serve(async exchange =>
    {
        using var answer = await rig.Client.SendAsync(exchange.Reactor, new FetchRequest(method, origin));
        await answer.RelayAsync(exchange);
    });
}
