using System.Text;
using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>Short messages that are written where they lie until they are sent: the same suite on each back end.</summary>
public sealed class ShortSendTests
{
    public static TheoryData<string> Engines => EventLoopStreamTests.Engines;

    [Theory, MemberData(nameof(Engines))]
    public void They_arrive_in_order_between_others_and_are_counted(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var sent = new StringBuilder();
            for (var i = 0; i < 40; i++)
            {
                var text = $"{i}:{new string('x', i * 7 % 50)};";
                sent.Append(text);
                if (i % 3 == 2 || engine == "portable") await LoopRig.SendAsync(client, text);
                else Assert.True(TrySend(client, text, room: 200), $"no room for message {i}");
                // What the kernel has not got yet makes the next message wait.
                await rig.Loop.YieldAsync();
                await rig.Loop.YieldAsync();
            }
            await LoopRig.ExpectAsync(server, sent.ToString());
            Assert.Equal((0, sent.Length), client.TakeTraffic());
            client.Close();
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Behind_what_is_written_already_there_is_no_room_for_them(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            Assert.True(client.Output.TryAppend("first"u8));
            Assert.True(client.BeginShort(100).IsEmpty);
            Assert.False((await client.FlushAsync()).IsError);
            await LoopRig.ExpectAsync(server, "first");
            client.Close();
            Assert.True(client.BeginShort(100).IsEmpty);
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void Room_that_is_not_used_leaves_nothing_behind(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            client.BeginShort(1000);
            await rig.Loop.YieldAsync();
            await LoopRig.SendAsync(client, "only this");
            await LoopRig.ExpectAsync(server, "only this");
            client.Close();
            server.Close();
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void To_a_full_stream_they_wait_like_others_and_none_is_lost(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var (client, server) = await rig.PairAsync();
            var written = 0;
            while (TrySend(server, written.ToString("D1000"), room: 1500))
            {
                written++;
                await rig.Loop.YieldAsync();
                await rig.Loop.YieldAsync();
            }
            if (engine != "portable") Assert.True(written > 10, $"only {written} went");
            server.ShutdownSend();
            var read = 0;
            while ((await client.FillAsync()).Bytes > 0)
            {
                for (; client.Input.Length >= 1000; read++)
                {
                    Assert.Equal(read.ToString("D1000"), Encoding.ASCII.GetString(client.Input.Unread[..1000]));
                    client.Input.Consume(1000);
                }
            }
            Assert.Equal(written, read);
            client.Close();
            server.Close();
        });
    }

    private static bool TrySend(SocketConnection connection, string text, int room)
    {
        var place = connection.BeginShort(room);
        if (place.IsEmpty) return false;
        Assert.Equal(room, place.Length);
        connection.EndShort(Encoding.ASCII.GetBytes(text, place));
        return true;
    }
}
