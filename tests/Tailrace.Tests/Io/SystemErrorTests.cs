using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Tailrace.Conformance.Support;
using Tailrace.Io;
using Tailrace.Io.Backends;

namespace Tailrace.Tests.Io;

/// <summary>
/// What the system says of a stream is never what a loop says itself: that a deadline has passed, that somebody gave
/// the operation up, or that no buffer is left.
/// </summary>
public sealed class SystemErrorTests
{
    private const uint TimedOut = 110;
    private const uint Aborted = 103;
    private const uint NoBuffers = 105;
    private const uint Cancelled = 125;
    private const int LastErrno = 4095;

    private static readonly IoError[] s_verdicts =
        [IoError.Aborted, IoError.NoBuffers, IoError.TimedOut, IoError.Cancelled];

    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    private static uint ReceiveCall => IsArm64 ? 207u : 45u;

    private static uint SendCall => IsArm64 ? 206u : 44u;

    /// <summary>Loops, and what they make of an errno.</summary>
    public static TheoryData<string, uint, IoError> Errors
    {
        get
        {
            var data = new TheoryData<string, uint, IoError>();
            foreach (string engine in LoopRig.Engines)
            {
                data.Add(engine, TimedOut, IoError.Lost);
                data.Add(engine, Aborted, IoError.GivenUp);
                data.Add(engine, NoBuffers, IoError.OutOfMemory);
                data.Add(engine, Cancelled, IoError.Other);
            }
            return data;
        }
    }

    [Fact]
    public void No_errno_is_a_verdict_of_the_loop()
    {
        for (var errno = 1; errno <= LastErrno; errno++) Assert.DoesNotContain(LinuxSockets.ErrorOf(errno), s_verdicts);
    }

    [Fact]
    public void No_error_of_the_framework_is_one() => Assert.All(
        Enum.GetValues<SocketError>(), error => Assert.DoesNotContain(PortableSockets.ErrorOf(error), s_verdicts));

    [Theory, MemberData(nameof(Errors)), SupportedOSPlatform("linux")]
    public void A_receive_that_fails_tells_what_the_system_says(string engine, uint errno, IoError expected) =>
        WithPair(engine, async (client, server) =>
        {
            // The ring of io_uring receives some of it, and calls the rest, which is more than a message.
            for (var i = 0; i < 4; i++)
            {
                Assert.True(client.Output.TryAppend(new byte[4096]));
                Assert.Equal(4096, (await client.FlushAsync()).Bytes);
            }
            Seccomp.DenyCall(ReceiveCall, errno);
            IoResult end;
            do
            {
                server.Input.Clear();
                end = await server.FillAsync();
            }
            while (end.Bytes > 0);
            Assert.Equal(expected, end.Error);
        });

    [Theory, MemberData(nameof(Errors)), SupportedOSPlatform("linux")]
    public void A_send_that_fails_does_and_so_does_the_receive_after_it(string engine, uint errno, IoError expected) =>
        WithPair(engine, async (client, server) =>
        {
            Seccomp.DenyCall(SendCall, errno);
            Assert.True(server.Output.TryAppend(new byte[8000]));
            Assert.Equal(expected, (await server.FlushAsync()).Error);
            // What would be the end is not taken for one.
            client.Close();
            Assert.Equal(expected, (await server.FillAsync()).Error);
        });

    private static void WithPair(string engine, Func<SocketConnection, SocketConnection, LoopTask> body)
    {
        var failure = LoopRig.OnThreadOfItsOwn(() =>
        {
            using var rig = new LoopRig(engine);
            rig.Run(async () =>
            {
                var (client, server) = await rig.PairAsync();
                await body(client, server);
                client.Close();
                server.Close();
            });
        });
        if (failure is not null) Assert.Fail(failure.ToString());
    }
}
