using System.Text;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Sessions;

public sealed class BodyRelayFailureTests
{
    private const int TimeoutMs = 60_000;

    public static TheoryData<string> Engines => LoopRig.Engines;

    [Theory, MemberData(nameof(Engines))]
    public void After_a_failed_write_nothing_of_the_body_is_left_to_be_read_as_a_message(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, downstream) = await rig.PairAsync();
            var (upstream, origin) = await rig.PairAsync();
            // Fill the way to the origin, so that the write of the body has to wait, and then fails.
            while (upstream.Output.TryReserve(8192))
            {
                upstream.Output.Commit(8192);
                var flush = upstream.FlushAsync();
                if (flush.IsCompleted) continue;
                upstream.CancelFlush();
                Assert.Equal(IoError.Cancelled, (await flush).Error);
                break;
            }
            upstream.Output.Clear();
            await LoopRig.SendAsync(client, new string('b', 8000) + "GET / HTTP/1.1");
            while (downstream.Input.Length < 8014) Assert.False((await downstream.FillAsync()).IsError);

            var (reader, writer) = (new BodyReader(), new BodyWriter());
            reader.Begin(downstream.Input, BodyKind.Length, 8000, HttpLimits.Default);
            writer.Begin(upstream, BodyKind.Length);
            var relay = BodyRelay.RunAsync(reader, downstream, TimeoutMs, writer, upstream, TimeoutMs);
            Assert.False(relay.IsCompleted);
            upstream.CancelFlush();
            Assert.Equal(new RelayResult(RelayEnd.WriteFailed, IoError.Cancelled), await relay);
            Assert.Equal("GET / HTTP/1.1", Encoding.ASCII.GetString(downstream.Input.Unread));

            foreach (var connection in new[] { client, downstream, upstream, origin }) connection.Close(reset: true);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void An_output_without_room_for_a_chunks_framing_is_sent_first(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (source, downstream) = await rig.PairAsync();
            var (upstream, target) = await rig.PairAsync();
            // A bulk block but for ten bytes.
            var waiting = rig.Reactor.Buffers.Bulk.BlockSize - 10;
            Assert.True(upstream.Output.TryReserve(waiting));
            upstream.Output.Commit(waiting);
            await LoopRig.SendAsync(source, "body");

            var (reader, writer) = (new BodyReader(), new BodyWriter());
            reader.Begin(downstream.Input, BodyKind.Length, 4, HttpLimits.Default);
            writer.Begin(upstream, BodyKind.Chunked);
            Assert.False((await downstream.FillAsync()).IsError);
            var result = await BodyRelay.RunAsync(reader, downstream, TimeoutMs, writer, upstream, TimeoutMs);
            Assert.Equal(RelayEnd.Complete, result.End);
            Assert.False((await upstream.FlushAsync()).IsError);
            upstream.ShutdownSend();
            var received = new StringBuilder();
            while ((await target.FillAsync()).Bytes > 0)
            {
                received.Append(Encoding.ASCII.GetString(target.Input.Unread));
                target.Input.Clear();
            }
            Assert.EndsWith("4\r\nbody\r\n0\r\n\r\n", received.ToString());
            Assert.Equal(waiting + "4\r\nbody\r\n0\r\n\r\n".Length, received.Length);

            foreach (var connection in new[] { source, downstream, upstream, target }) connection.Close();
        });
    }
}
