using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Tailrace.Conformance.Support;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>
/// What was taken for sent, and the socket had no room for, is lost: the stream must not end as if all were there.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class LostSendTests
{
    private const uint NoBuffers = 105;

    private static uint SendCall => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 206u : 44u;

    [Theory, InlineData("epoll"), InlineData("io_uring")]
    public void A_close_before_it_becomes_a_reset(string engine) => WithFullStream(engine, async (client, server) =>
    {
        server.Close();
        Assert.Equal(IoError.Reset, (await EndOfAsync(client)).Error);
    });

    [Theory, InlineData("epoll"), InlineData("io_uring")]
    public void An_end_before_it_does_not_come_and_the_receive_fails(string engine) =>
        WithFullStream(engine, async (client, server) =>
        {
            server.ShutdownSend();
            var end = EndOfAsync(client);
            Assert.Equal(IoError.OutOfMemory, (await server.FillAsync()).Error);
            Assert.Equal(IoError.OutOfMemory, (await server.FillAsync()).Error);
            server.Close();
            Assert.Equal(IoError.Reset, (await end).Error);
        });

    [Theory, InlineData("epoll"), InlineData("io_uring")]
    public void The_next_send_fails_and_no_end_comes_after_it(string engine) =>
        WithFullStream(engine, async (client, server) =>
        {
            Assert.True(server.Output.TryAppend("more"u8));
            var end = EndOfAsync(client);
            Assert.Equal(IoError.OutOfMemory, (await server.FlushAsync()).Error);
            Assert.Equal(IoError.OutOfMemory, (await server.FillAsync()).Error);
            server.ShutdownSend();
            server.Close();
            Assert.Equal(IoError.Reset, (await end).Error);
        });

    /// <summary>A pair whose server has sent more than there is room for, and can send no more of it.</summary>
    private static void WithFullStream(string engine, Func<SocketConnection, SocketConnection, LoopTask> body)
    {
        var failure = LoopRig.OnThreadOfItsOwn(() =>
        {
            using var rig = new LoopRig(engine);
            rig.Run(async () =>
            {
                var (client, server) = await rig.PairAsync();
                while (server.BeginShort(1000) is { IsEmpty: false } place)
                {
                    place.Fill((byte)'x');
                    server.EndShort(place.Length);
                    await rig.TurnsAsync(2);
                }
                Seccomp.DenyCall(SendCall, NoBuffers);
                await body(client, server);
                client.Close();
            });
        });
        if (failure is not null) Assert.Fail(failure.ToString());
    }

    private static async LoopTask<IoResult> EndOfAsync(SocketConnection connection)
    {
        while (true)
        {
            var result = await connection.FillAsync();
            if (result.Bytes <= 0) return result;
            connection.Input.Clear();
        }
    }
}
