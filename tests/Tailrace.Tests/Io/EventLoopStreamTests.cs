using System.Net;
using System.Net.Sockets;
using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Tests.Io;

/// <summary>What every back end does with streams: the same suite on each, over loopback sockets.</summary>
public sealed partial class EventLoopStreamTests
{
    public static TheoryData<string> Engines => [.. LoopRig.Engines.Select(row => row.Data), "sim"];

    [Theory, MemberData(nameof(Engines))]
    public void Bytes_go_there_and_back(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            await LoopRig.SendAsync(client, "ping");
            await LoopRig.ExpectAsync(server, "ping");
            await LoopRig.SendAsync(server, "pong");
            await LoopRig.ExpectAsync(client, "pong");
            client.Close();
            Assert.Equal(0, (await server.FillAsync()).Bytes);
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Traffic_is_counted_until_it_is_asked_for(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            await LoopRig.SendAsync(client, "four");
            await LoopRig.ExpectAsync(server, "four");
            Assert.Equal((0, 4), client.TakeTraffic());
            Assert.Equal((4, 0), server.TakeTraffic());
            Assert.Equal((0, 0), client.TakeTraffic());
            client.Close();
            server.Close();
            Assert.Equal((0, 0), server.TakeTraffic());
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Closing_a_connection_that_never_was_one_withdraws_its_deadline(string engine)
    {
        using var rig = new LoopRig(engine);
        var connection = SocketConnection.Rent(rig.Reactor);
        connection.SetTimeout(60_000);
        connection.Close();
        Assert.Equal(0, rig.Loop.Timers.Count);
    }

    [Theory, MemberData(nameof(Engines))]
    public void The_remote_address_is_the_other_side(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            Assert.StartsWith("127.0.0.1:", server.Remote.ToString());
            Assert.NotEqual(0, server.Remote.Port);
            client.Close();
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_half_closed_stream_still_carries_the_other_direction(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            await LoopRig.SendAsync(client, "last");
            client.ShutdownSend();
            await LoopRig.ExpectAsync(server, "last");
            Assert.Equal(0, (await server.FillAsync()).Bytes);
            Assert.Equal(0, (await server.FillAsync()).Bytes);
            await LoopRig.SendAsync(server, "answer");
            await LoopRig.ExpectAsync(client, "answer");
            server.Close();
            Assert.Equal(0, (await client.FillAsync()).Bytes);
            client.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_reset_fails_the_pending_receive(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            server.PrepareFill();
            client.Close(reset: true);
            Assert.Equal(IoError.Reset, (await server.FillAsync()).Error);
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_close_with_a_receive_in_flight_is_orderly_for_the_other_side(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            server.PrepareFill();
            server.Close();
            var result = await client.FillAsync();
            Assert.False(result.IsError, result.ToString());
            Assert.Equal(0, result.Bytes);
            client.Close();
        });
    }

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void A_close_over_bytes_that_nobody_has_received_is_a_reset(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            var server = await rig.AcceptAsync(peer);
            peer.Send("said"u8);
            server.Close();
            await rig.UntilAsync(() => peer.Poll(0, SelectMode.SelectRead));
            var refusal = Assert.Throws<SocketException>(() => peer.Receive(new byte[1]));
            Assert.Equal(SocketError.ConnectionReset, refusal.SocketErrorCode);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Sending_to_a_stream_that_was_reset_fails(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            client.Close(reset: true);
            Assert.True((await server.FillAsync()).IsError);
            Assert.True(server.Output.TryAppend("late"u8));
            Assert.Contains((await server.FlushAsync()).Error, new[] { IoError.BrokenPipe, IoError.Reset });
            server.Close();
        });
    }

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void A_reset_that_a_send_was_told_of_is_no_end_of_the_stream(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            using var peer = new Socket(SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
            var server = await rig.AcceptAsync(peer);
            server.PrepareFill();
            await rig.TurnsAsync(3);
            // Answered at once, and tried at the end of the turn, when the reset is there.
            Assert.True(server.Output.TryAppend("late"u8));
            Assert.False((await server.FlushAsync()).IsError);
            peer.Close();
            var filled = await server.FillAsync();
            Assert.Equal(IoError.Reset, filled.Error);
            server.Close();
        });
    }

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void A_send_behind_one_that_was_reset_fails_and_does_not_wait(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            using var peer = new Socket(SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
            var server = await rig.AcceptAsync(peer);
            await rig.TurnsAsync(3);
            peer.Close();
            await rig.TurnsAsync(3);
            server.SetTimeout(5_000);
            for (var sends = 0; ; sends++)
            {
                Assert.True(server.Output.TryAppend("late"u8));
                var flushed = await server.FlushAsync();
                if (flushed.IsError)
                {
                    Assert.Contains(flushed.Error, new[] { IoError.BrokenPipe, IoError.Reset });
                    break;
                }
                Assert.True(sends < 3, "sends go on for ever");
            }
            server.Close();
        });
    }

    [Theory, MemberData(nameof(LoopRig.Engines), MemberType = typeof(LoopRig))]
    public void A_send_that_waits_for_room_hears_of_a_reset(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            IoTask flush;
            do
            {
                while (server.Output.TryAppend("0123456789abcdef"u8))
                {
                }
                flush = server.FlushAsync();
                if (flush.IsCompleted) Assert.False((await flush).IsError);
            }
            while (flush.IsCompleted);
            await rig.TurnsAsync(3);
            client.Close(reset: true);
            // No deadline was set: nothing but the reset can end it.
            Assert.Contains((await flush).Error, new[] { IoError.BrokenPipe, IoError.Reset });
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Short_sends_to_a_full_stream_arrive_whole_though_it_is_closed_behind_them(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var written = 0;
            while (true)
            {
                Assert.True(server.Output.TryAppend(Numbered(written)));
                var flush = server.FlushAsync();
                written++;
                if (flush.IsCompleted)
                {
                    Assert.False((await flush).IsError);
                    await rig.Loop.YieldAsync();
                    continue;
                }
                // The stream is full now, and what follows has to be waited for.
                var read = ReadAllAsync();
                Assert.False((await flush).IsError);
                server.ShutdownSend();
                Assert.Equal(written, await read);
                break;
            }
            client.Close();
            server.Close();

            async LoopTask<int> ReadAllAsync()
            {
                var count = 0;
                while ((await client.FillAsync()).Bytes > 0)
                {
                    for (; client.Input.Length >= 1000; count++)
                    {
                        Assert.True(client.Input.Unread.StartsWith(Numbered(count)));
                        client.Input.Consume(1000);
                    }
                }
                return count;
            }
        });

        static byte[] Numbered(int number) => System.Text.Encoding.ASCII.GetBytes(number.ToString("D1000"));
    }

    [Theory, MemberData(nameof(Engines))]
    public void What_was_taken_for_sending_is_sent_although_the_stream_is_closed_at_once(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var sent = 0;
            // Fill the stream until its last message can only be taken, not sent, and go away.
            while (sent < 100_000)
            {
                Assert.True(server.Output.TryAppend(new byte[1000]));
                var flush = server.FlushAsync();
                if (!flush.IsCompleted) break;
                Assert.False((await flush).IsError);
                sent++;
                await rig.Loop.YieldAsync();
            }
            server.CancelFlush();
            server.Close();
            var received = 0;
            IoResult result;
            while ((result = await client.FillAsync()).Bytes > 0)
            {
                received += client.Input.Length;
                client.Input.Clear();
            }
            Assert.False(result.IsError);
            Assert.InRange(received, sent * 1000, (sent + 1) * 1000);
            client.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_large_send_waits_for_a_slow_reader_and_loses_nothing(string engine)
    {
        const int rounds = 1200;
        using var rig = new LoopRig(engine);
        var body = new ByteBuffer(rig.Reactor.Buffers);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var random = new Random(7);
            var waited = 0;
            var reader = ReadPatternAsync(server);
            for (var round = 0; round < rounds; round++)
            {
                var (headLength, bodyLength) = (random.Next(0, 4096), random.Next(0, 16384));
                var start = (byte)round;
                Assert.True(client.Output.TryReserve(headLength + 1) && body.TryReserve(bodyLength + 1));
                FillPattern(client.Output, headLength + 1, start);
                FillPattern(body, bodyLength + 1, start);
                var sending = client.FlushAsync(body, bodyLength + 1);
                if (!sending.IsCompleted) waited++;
                Assert.Equal(headLength + bodyLength + 2, (await sending).Bytes);
                Assert.True(client.Output.IsEmpty && body.IsEmpty);
            }
            client.ShutdownSend();
            Assert.True(waited > 0, "no send had to wait: the test shows nothing");
            await reader;
            body.Clear();
            client.Close();
            server.Close();
        });

        async LoopTask ReadPatternAsync(SocketConnection server)
        {
            var random = new Random(7);
            for (var round = 0; round < rounds; round++)
            {
                var (headLength, bodyLength) = (random.Next(0, 4096), random.Next(0, 16384));
                await CheckPatternAsync(server, headLength + 1, (byte)round);
                await CheckPatternAsync(server, bodyLength + 1, (byte)round);
                if (round < 100) await rig.TurnsAsync(20);
            }
            Assert.Equal(0, (await server.FillAsync()).Bytes);
        }
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_idle_connection_holds_no_block(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            server.PrepareFill();
            client.PrepareFill();
            await rig.TurnsAsync(10);
            Assert.Equal(0, rig.Reactor.Buffers.Rented);
            client.Close();
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_prepared_receive_keeps_its_result_and_tells_its_watcher(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var watched = 0;
            server.PrepareFill();
            Assert.True(server.WatchFill(new ActionContinuation(() => watched++)));
            await LoopRig.SendAsync(client, "early");
            await rig.UntilAsync(() => watched > 0);
            Assert.Equal(1, watched);
            Assert.False(server.WatchFill(null));
            Assert.Equal(5, (await server.FillAsync()).Bytes);
            await LoopRig.ExpectAsync(server, "early");
            client.Close();
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Without_buffers_a_receive_fails_and_the_bytes_stay(string engine)
    {
        using var rig = new LoopRig(engine, limitBytes: 2 * 4096);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            await LoopRig.SendAsync(client, "wait");
            client.Output.Clear();
            var hogs = new[] { new ByteBuffer(rig.Reactor.Buffers), new ByteBuffer(rig.Reactor.Buffers) };
            foreach (var hog in hogs) Assert.True(hog.TryReserve(1));
            Assert.Equal(IoError.NoBuffers, (await server.FillAsync()).Error);
            foreach (var hog in hogs) hog.Clear();
            await LoopRig.ExpectAsync(server, "wait");
            client.Close();
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_reset_aborts_the_receive_that_depends_on_it(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, downstream) = await rig.PairAsync();
            var (upstream, origin) = await rig.PairAsync();
            await LoopRig.SendAsync(client, "request");
            await LoopRig.ExpectAsync(downstream, "request");
            downstream.AbortWith(upstream);
            var answer = upstream.FillAsync();
            client.Close(reset: true);
            Assert.Equal(IoError.Aborted, (await answer).Error);
            upstream.Close();
            origin.Close();
            downstream.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_withdrawn_dependency_aborts_nothing(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, downstream) = await rig.PairAsync();
            var (upstream, origin) = await rig.PairAsync();
            downstream.AbortWith(upstream);
            downstream.AbortWith(null);
            // However long the rest takes.
            downstream.SetTimeout(0);
            var answer = upstream.FillAsync();
            client.Close(reset: true);
            Assert.Equal(IoError.Reset, (await downstream.FillAsync()).Error);
            await LoopRig.SendAsync(origin, "answer");
            Assert.Equal(6, (await answer).Bytes);
            upstream.Close();
            origin.Close();
            downstream.Close();
        });
    }

    private static void FillPattern(ByteBuffer buffer, int length, byte start)
    {
        for (var i = 0; i < length; i++) buffer.Writable[i] = (byte)(start + i);
        buffer.Commit(length);
    }

    private static async LoopTask CheckPatternAsync(SocketConnection connection, int length, byte start)
    {
        while (length > 0)
        {
            if (connection.Input.IsEmpty)
            {
                var filled = await connection.FillAsync();
                Assert.True(filled.Bytes > 0, filled.ToString());
            }
            var count = Math.Min(length, connection.Input.Length);
            var unread = connection.Input.Unread[..count];
            for (var i = 0; i < count; i++)
            {
                if (unread[i] != start++) Assert.Fail("a byte is out of place");
            }
            connection.Input.Consume(count);
            length -= count;
        }
        connection.Input.Release();
    }

    private static void CheckPattern(ByteBuffer input, ref byte expected)
    {
        foreach (var value in input.Unread)
        {
            if (value != expected++) Assert.Fail("a byte is out of place");
        }
        input.Consume(input.Length);
        input.Release();
    }
}
