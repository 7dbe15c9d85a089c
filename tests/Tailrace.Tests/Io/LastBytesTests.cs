using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>What a loop has taken and a full socket has not, when the stream is closed.</summary>
public sealed class LastBytesTests
{
    /// <summary>Longer than a loop waits for somebody who takes nothing.</summary>
    private const int PatienceMs = 11_000;

    private const int MessageBytes = 1000;

    public static TheoryData<string> Engines => OperatingSystem.IsLinux() ? ["epoll", "io_uring"] : [];

    [Fact]
    public void Whoever_takes_some_is_waited_for_but_not_for_ever()
    {
        var last = new LastBytes(owed: 100, now: 0);
        for (long now = LastBytes.PatienceMs, owed = 99; now < LastBytes.LimitMs; now += LastBytes.PatienceMs, owed--)
            Assert.True(last.GoesOn((int)owed, now));
        Assert.False(last.GoesOn(1, LastBytes.LimitMs));
        last = new LastBytes(owed: 100, now: 0);
        Assert.True(last.GoesOn(50, LastBytes.PatienceMs));
        Assert.False(last.GoesOn(50, 2 * LastBytes.PatienceMs));
    }

    [Theory, MemberData(nameof(Engines))]
    public void Whoever_reads_slowly_gets_all_of_them(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var sent = await FillAndCloseAsync(rig, server);
            var (received, pauses) = (0L, 0);
            IoResult result;
            do
            {
                // A part of what waits at a time, and then for longer than the loop has patience.
                var target = received + (2 << 20);
                do
                {
                    result = await client.FillAsync();
                    received += client.Input.Length;
                    client.Input.Clear();
                }
                while (result.Bytes > 0 && received < target);
                await rig.TurnsAsync(10);
                rig.Loop.Timers.Advance(rig.Loop.Now + PatienceMs * ++pauses);
            }
            while (result.Bytes > 0);
            Assert.False(result.IsError, result.ToString());
            Assert.InRange(received, sent, sent + MessageBytes);
            client.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Whoever_does_not_read_is_told_that_some_are_missing(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            await FillAndCloseAsync(rig, server);
            // Twice: the other system may have taken some at first, until its own buffer was full.
            for (var pauses = 1; pauses <= 2; pauses++)
            {
                await rig.TurnsAsync(10);
                rig.Loop.Timers.Advance(rig.Loop.Now + PatienceMs * pauses);
            }
            IoResult result;
            while ((result = await client.FillAsync()).Bytes > 0) client.Input.Clear();
            Assert.Equal(IoError.Reset, result.Error);
            client.Close();
        });
    }

    /// <summary>Sends until the socket takes no more and the loop has the rest.</summary>
    /// <returns>Bytes that were taken.</returns>
    private static async LoopTask<long> FillAndCloseAsync(LoopRig rig, SocketConnection connection)
    {
        var sent = 0L;
        while (true)
        {
            Assert.True(connection.Output.TryAppend(new byte[MessageBytes]));
            var flush = connection.FlushAsync();
            await rig.TurnsAsync(flush.IsCompleted ? 1 : 20);
            if (!flush.IsCompleted) break;
            Assert.False((await flush).IsError);
            sent += MessageBytes;
        }
        connection.CancelFlush();
        connection.Close();
        return sent;
    }
}
