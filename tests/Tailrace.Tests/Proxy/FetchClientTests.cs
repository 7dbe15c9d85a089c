using System.Text;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>Requests and heads: what goes out, what comes back, and every way in which nothing does.</summary>
public sealed class FetchClientTests
{
    public static TheoryData<string> Engines => LoopRig.Engines;

    [Theory, MemberData(nameof(Engines))]
    public void A_page_is_fetched(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script("HTTP/1.1 404 Gone fishing\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello");
        rig.Run(async () =>
        {
            using var answer = await rig.GetAsync($"{origin}/a?b=c");
            Assert.Equal((FetchError.None, 404, 5), (answer.Error, answer.Status, answer.ContentLength));
            Assert.Equal("1", answer.Header("x-one"));
            Assert.Equal("", answer.Header("x-two"));
            Assert.Equal("hello", Encoding.ASCII.GetString((await answer.ReadAllAsync(100))!));
            Assert.Equal("1", answer.Header("X-One"));
        });
        Assert.Equal([$"GET /a?b=c HTTP/1.1\r\nHost: {origin["http://".Length..]}\r\n\r\n"], rig.Received);
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_request_carries_fields_and_a_body_of_any_size(string engine)
    {
        const int bytes = 1_000_000;
        using var rig = new FetchRig(engine);
        var origin = rig.Serve(async exchange =>
        {
            var (sum, buffer) = (0L, new byte[5000]);
            for (IoResult read; (read = await exchange.ReadAsync(buffer)).Bytes > 0;)
                foreach (var value in buffer.AsSpan(0, read.Bytes)) sum = sum * 31 + value;
            var field = Encoding.ASCII.GetString(exchange.RequestHeader("x-field"u8));
            await exchange.Respond(200, $"{exchange.Request.Method} {exchange.Request.ContentLength} {sum} {field}");
        });
        rig.Run(async () =>
        {
            var body = new byte[bytes];
            var sum = 0L;
            for (var i = 0; i < body.Length; i++) sum = sum * 31 + (body[i] = (byte)(i * 7));
            var request = new FetchRequest(Method.Put, $"{origin}/", body).Header("X-Field", "yes");
            using var answer = await rig.Client.SendAsync(rig.Reactor, request);
            Assert.Equal($"Put {bytes} {sum} yes", Encoding.ASCII.GetString((await answer.ReadAllAsync(100))!));
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_answer_read_to_its_end_leaves_its_connection_to_the_next(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Serve(exchange => exchange.Respond(200, "ok"));
        rig.Run(async () =>
        {
            for (var i = 0; i < 3; i++)
            {
                using var answer = await rig.GetAsync(origin);
                Assert.NotNull(await answer.ReadAllAsync(100));
            }
            Assert.Equal((1, 2), (rig.Reactor.Counters.UpstreamConnects, rig.Reactor.Counters.UpstreamReuses));
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_answer_without_a_body_does_so_unread(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Serve(exchange => exchange.Respond(204, "", default));
        rig.Run(async () =>
        {
            (await rig.GetAsync(origin)).Dispose();
            (await rig.GetAsync(origin)).Dispose();
            Assert.Equal((1, 1), (rig.Reactor.Counters.UpstreamConnects, rig.Reactor.Counters.UpstreamReuses));
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_answer_that_is_left_unread_closes_its_connection(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Serve(exchange => exchange.Respond(200, "left"));
        rig.Run(async () =>
        {
            (await rig.GetAsync(origin)).Dispose();
            (await rig.GetAsync(origin)).Dispose();
            Assert.Equal((2, 0), (rig.Reactor.Counters.UpstreamConnects, rig.Reactor.Counters.UpstreamReuses));
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_name_is_looked_up_and_each_of_its_addresses_tried(string engine)
    {
        using var rig = new FetchRig(engine);
        // Where localhost is ::1 too, that one is refused: the origin is at 127.0.0.1.
        var origin = rig.Serve(
            exchange => exchange.Respond(200, Encoding.ASCII.GetString(exchange.RequestHeader("host"u8))));
        var url = origin.Replace("127.0.0.1", "localhost");
        rig.Run(async () =>
        {
            for (var i = 0; i < 2; i++)
            {
                using var answer = await rig.GetAsync(url);
                Assert.Equal(FetchError.None, answer.Error);
                Assert.Equal(url["http://".Length..], Encoding.ASCII.GetString((await answer.ReadAllAsync(100))!));
            }
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Interim_answers_are_passed_over(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 \r\n\r\n"
            + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        rig.Run(async () =>
        {
            using var answer = await rig.GetAsync(origin);
            Assert.Equal((200, ""), (answer.Status, answer.Header("link")));
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_pooled_connection_that_dies_under_a_request_is_tried_once_more(string engine)
    {
        using var rig = new FetchRig(engine);
        const string page = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        var origin = rig.Script([page, ""], [page]);
        rig.Run(async () =>
        {
            for (var i = 0; i < 2; i++)
            {
                using var answer = await rig.GetAsync(origin);
                Assert.NotNull(await answer.ReadAllAsync(100));
            }
            Assert.Equal(1, rig.Reactor.Counters.UpstreamRetries);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void But_not_with_a_request_that_may_have_done_something(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "");
        rig.Run(async () =>
        {
            var request = new FetchRequest(Method.Post, origin);
            (await rig.Client.SendAsync(rig.Reactor, request)).Dispose();
            using var answer = await rig.Client.SendAsync(rig.Reactor, request);
            Assert.Equal(FetchError.Closed, answer.Error);
            Assert.Equal((1, 0), (rig.Reactor.Counters.UpstreamReuses, rig.Reactor.Counters.UpstreamRetries));
        });
    }

    public static TheoryData<string, string, FetchError> Failures => new()
    {
        { "epoll", "", FetchError.Closed },
        { "epoll", "HTTP/1.1 200 OK\r\nContent-Le", FetchError.Closed },
        { "epoll", "nonsense\r\n\r\n", FetchError.Invalid },
        { "epoll", "HTTP/2.0 200 OK\r\n\r\n", FetchError.Invalid },
        { "epoll", "HTTP/1.1 101 Switching Protocols\r\n\r\n", FetchError.Invalid },
        { "epoll", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", FetchError.Invalid },
        { "portable", "", FetchError.Closed },
        { "portable", "nonsense\r\n\r\n", FetchError.Invalid },
    };

    [Theory, MemberData(nameof(Failures))]
    public void An_origin_that_does_not_answer_well_is_an_error_value(string engine, string said, FetchError expected)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script(said);
        rig.Run(async () =>
        {
            using var answer = await rig.GetAsync(origin);
            Assert.Equal((expected, 0, -1), (answer.Error, answer.Status, answer.ContentLength));
            Assert.True(answer.IsError);
            Assert.True((await answer.ReadAsync(new byte[10])).IsError);
            Assert.Null(await answer.ReadAllAsync(10));
            Assert.Equal(1, rig.Reactor.Counters.UpstreamErrors);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_origin_that_is_not_there_is_an_error_value(string engine)
    {
        using var rig = new FetchRig(engine, FetchRig.Settings with { ConnectTimeoutMs = 200 });
        rig.Run(async () =>
        {
            Assert.Equal(FetchError.Refused, (await rig.GetAsync(rig.Nowhere())).Error);
            Assert.Equal(FetchError.BadUrl, (await rig.GetAsync("https://127.0.0.1/")).Error);
            // Without a network the look-up may also take too long.
            var unknown = await rig.GetAsync("http://no-such-name.invalid/");
            Assert.True(unknown.Error is FetchError.NameNotFound or FetchError.TimedOut, unknown.Error.ToString());
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_origin_that_says_nothing_times_out(string engine)
    {
        using var rig = new FetchRig(engine, FetchRig.Settings with { FirstByteTimeoutMs = 20 });
        var origin = rig.Script((string?)null);
        rig.Run(async () =>
        {
            Assert.Equal(FetchError.TimedOut, (await rig.GetAsync(origin)).Error);
            Assert.Equal(1, rig.Reactor.Counters.UpstreamTimeouts);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void The_cap_of_connections_holds(string engine)
    {
        using var rig = new FetchRig(engine, FetchRig.Settings with { ConnectionsMax = 1 });
        var origin = rig.Serve(exchange => exchange.Respond(200, "ok"));
        rig.Run(async () =>
        {
            using (await rig.GetAsync(origin))
                Assert.Equal(FetchError.LimitReached, (await rig.GetAsync(origin)).Error);
            (await rig.GetAsync(origin)).Dispose();
            Assert.Equal(2, rig.Reactor.Counters.UpstreamConnects);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_head_that_does_not_fit_is_not_sent(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Serve(exchange => exchange.Respond(200, "ok"));
        rig.Run(async () =>
        {
            var request = new FetchRequest(Method.Get, origin).Header("X-Long", new string('x', 100_000));
            Assert.Equal(FetchError.LimitReached, (await rig.Client.SendAsync(rig.Reactor, request)).Error);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_answer_may_come_before_the_body_has_gone(string engine)
    {
        using var rig = new FetchRig(engine);
        var origin = rig.Script("HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno", null);
        rig.Run(async () =>
        {
            // More than the sockets hold while nobody reads.
            var request = new FetchRequest(Method.Post, origin, new byte[32 << 20]);
            using var answer = await rig.Client.SendAsync(rig.Reactor, request);
            Assert.Equal(413, answer.Status);
            Assert.Equal("no", Encoding.ASCII.GetString((await answer.ReadAllAsync(100))!));
        });
    }
}
