using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Tests.Io;

/// <content>What ends an operation before its time: a cancel, a deadline, a close.</content>
public sealed partial class EventLoopStreamTests
{
    [Theory, MemberData(nameof(Engines))]
    public void A_cancelled_receive_loses_no_bytes(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var receive = server.FillAsync();
            Assert.False(receive.IsCompleted);
            server.CancelFill();
            server.CancelFill();
            Assert.Equal(IoError.Cancelled, (await receive).Error);
            await LoopRig.SendAsync(client, "kept");
            await rig.TurnsAsync(10);
            await LoopRig.ExpectAsync(server, "kept");
            client.Close();
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_cancelled_flush_fails_and_what_it_sent_arrives_in_order(string engine)
    {
        using var rig = new LoopRig(engine);
        var body = new ByteBuffer(rig.Reactor.Buffers);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var pending = await FillPipeAsync(client, body);
            client.CancelFlush();
            Assert.Equal(IoError.Cancelled, (await pending).Error);
            body.Clear();
            client.Close();
            var expected = (byte)0;
            while ((await server.FillAsync()).Bytes > 0)
            {
                CheckPattern(server.Input, ref expected);
            }
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_deadline_fails_the_receive_as_timed_out(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            server.SetTimeout(20);
            var before = rig.Loop.Now;
            Assert.Equal(IoError.TimedOut, (await server.FillAsync()).Error);
            Assert.True(rig.Loop.Now >= before + 20);
            client.Close();
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_deadline_fails_the_flush_as_timed_out(string engine)
    {
        using var rig = new LoopRig(engine);
        var body = new ByteBuffer(rig.Reactor.Buffers);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            IoResult result;
            do
            {
                // A kernel may find more room for what waits, several times.
                var pending = await FillPipeAsync(client, body);
                client.SetTimeout(20);
                result = await pending;
            }
            while (!result.IsError);
            Assert.Equal(IoError.TimedOut, result.Error);
            body.Clear();
            client.Close(reset: true);
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Closing_completes_what_is_in_flight_as_aborted(string engine)
    {
        using var rig = new LoopRig(engine);
        var body = new ByteBuffer(rig.Reactor.Buffers);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var receive = client.FillAsync();
            var send = await FillPipeAsync(client, body);
            client.Close();
            client.Close();
            Assert.True(client.IsClosed);
            Assert.Equal(IoError.Aborted, (await receive).Error);
            Assert.Equal(IoError.Aborted, (await send).Error);
            Assert.Equal(IoError.Aborted, (await client.FillAsync()).Error);
            Assert.Equal(IoError.Aborted, (await client.FlushAsync(null, 0)).Error);
            body.Clear();
            server.Close();
        });
        Assert.Equal(0, rig.Reactor.Buffers.Rented);
    }

    /// <summary>Sends until a flush has to wait, and gives that flush.</summary>
    private static async LoopTask<IoTask> FillPipeAsync(SocketConnection connection, ByteBuffer body)
    {
        var next = (byte)0;
        while (true)
        {
            Assert.True(body.TryReserve(16384));
            FillPattern(body, 16384, next);
            var sending = connection.FlushAsync(body, 16384);
            if (!sending.IsCompleted) return sending;
            Assert.False((await sending).IsError);
            next = unchecked((byte)(next + 16384));
        }
    }
}
