using Tailrace.Io;
using Tailrace.Io.Backends;
using Xunit;

namespace Tailrace.Tests.Io.Backends;

public class BacklogTests
{
    private const int Requests = 100;

    public static TheoryData<string> Engines => ["epoll", "io_uring"];

    [Theory]
    [InlineData(0, Backlog<int>.TurnMin)]
    [InlineData(10, Backlog<int>.TurnMin)]
    [InlineData(200, 100)]
    public void A_turn_takes_half_as_many_as_there_were_answers_and_some_at_least(int answers, int share)
    {
        var backlog = new Backlog<int>();
        for (var i = 0; i < 300; i++) backlog.Add(i);
        backlog.BeginShare(answers);
        for (var i = 0; i < share; i++) Assert.True(backlog.TryTake(out var item) && item == i);
        Assert.False(backlog.TryTake(out _));
        Assert.Equal(300 - share, backlog.Count);
    }

    [Fact]
    public void No_more_are_left_than_may_wait()
    {
        var backlog = new Backlog<int>(waitingMax: 50);
        for (var i = 0; i < 300; i++) backlog.Add(i);
        backlog.BeginShare(0);
        while (backlog.TryTake(out _)) { }
        Assert.Equal(50, backlog.Count);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void An_answer_comes_before_most_of_the_requests_that_were_there_first(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var pairs = await WaitingPairsAsync(rig);
            var (asking, origin) = await rig.PairAsync();
            asking.PrepareFill();
            foreach (var (client, _) in pairs) await LoopRig.SendAsync(client, "request");
            await LoopRig.SendAsync(origin, "answer");
            var filled = await asking.FillAsync();
            Assert.False(filled.IsError);
            var served = pairs.Count(pair => !pair.Server.Input.IsEmpty);
            Assert.InRange(served, 0, Requests - Backlog<int>.TurnMin);
            foreach (var (client, server) in pairs)
            {
                await LoopRig.ExpectAsync(server, "request");
                client.Close();
                server.Close();
            }
            asking.Close();
            origin.Close();
        });
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_waits_is_not_given_to_the_next_user_of_a_descriptor(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var pairs = await WaitingPairsAsync(rig);
            var (asking, origin) = await rig.PairAsync();
            asking.PrepareFill();
            foreach (var (client, _) in pairs) await LoopRig.SendAsync(client, "request");
            await LoopRig.SendAsync(origin, "answer");
            await asking.FillAsync();
            Assert.Contains(pairs, pair => pair.Server.Input.IsEmpty);
            foreach (var (client, server) in pairs)
            {
                client.Close();
                server.Close();
            }
            var others = await WaitingPairsAsync(rig);
            await rig.TurnsAsync(20);
            Assert.All(others, pair => Assert.True(pair.Server.Input.IsEmpty));
            foreach (var (client, server) in others)
            {
                await LoopRig.SendAsync(client, "other");
                await LoopRig.ExpectAsync(server, "other");
                client.Close();
                server.Close();
            }
            asking.Close();
            origin.Close();
        });
    }

    /// <summary>Pairs of which the accepted ends wait to receive.</summary>
    private static async LoopTask<List<(SocketConnection Client, SocketConnection Server)>> WaitingPairsAsync(LoopRig rig)
    {
        var pairs = new List<(SocketConnection Client, SocketConnection Server)>();
        for (var i = 0; i < Requests; i++)
        {
            pairs.Add(await rig.PairAsync());
            pairs[i].Server.PrepareFill();
        }
        return pairs;
    }
}
