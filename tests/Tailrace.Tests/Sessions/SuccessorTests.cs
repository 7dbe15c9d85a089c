using Tailrace.Io;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Sessions;

/// <summary>What is left of HTTP on a connection that something else has taken over.</summary>
public sealed class SuccessorTests
{
    private const string Request = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n";

    public static TheoryData<string> Engines => LoopRig.AllEngines;

    [Theory, MemberData(nameof(Engines))]
    public void Session_and_exchange_are_free_while_it_runs(string engine) => WithSuccessor(engine, async at =>
    {
        Assert.Equal((1, 1), (at.Context.FreeSessions.Count, at.Context.FreeExchanges.Count));
        Assert.Equal((1, 1L, 1L), (at.Context.Count, at.Counters.Active, at.Counters.Tunnels));
        await LoopRig.ExpectAsync(at.Client, "HTTP/1.1 200 Connection established\r\n\r\n");
        Assert.Equal(0, at.Rig.Reactor.Buffers.Rented);
        // Another connection has the session's objects.
        var (other, served) = await at.Rig.PairAsync();
        at.Context.Serve(served);
        Assert.Equal((2, 0), (at.Context.Count, at.Context.FreeSessions.Count));
        at.Successor.Finish();
        Assert.Equal((1, 1L, 0L), (at.Context.Count, at.Counters.Active, at.Counters.Tunnels));
        Assert.Equal(0, (await at.Client.FillAsync()).Bytes);
        other.Close();
        await at.Rig.UntilAsync(() => at.Context.Count == 0);
        Assert.Equal((1, 0L), (at.Context.FreeSessions.Count, at.Counters.Active));
    });

    [Theory, MemberData(nameof(Engines))]
    public void It_is_aborted_like_a_session_and_no_drain_ends_it(string engine) => WithSuccessor(engine, async at =>
    {
        await LoopRig.ExpectAsync(at.Client, "HTTP/1.1 200 Connection established\r\n\r\n");
        at.Context.Drain();
        await at.Rig.TurnsAsync(3);
        Assert.True(at.Successor.Filling is { IsCompleted: false });
        at.Context.Abort();
        Assert.Equal(IoError.Aborted, (await at.Successor.Filling!.Value).Error);
        at.Successor.Finish();
        Assert.Equal((0, 0L, 0L), (at.Context.Count, at.Counters.Active, at.Counters.Tunnels));
    });

    [Theory, MemberData(nameof(Engines))]
    public void One_that_cannot_begin_leaves_nothing_behind(string engine)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var successor = new FailingSuccessor();
            var context = ContextOf(rig, successor);
            var told = new List<Exception>();
            context.HandlerFailed = told.Add;
            var (client, served) = await rig.PairAsync();
            context.Serve(served);
            await LoopRig.SendAsync(client, Request);
            await rig.UntilAsync(() => context.Count == 0);
            Assert.Equal([successor.Failure], told);
            var counters = rig.Reactor.Counters;
            Assert.Equal((0L, 0L, 1L), (counters.Active, counters.Tunnels, counters.UnhandledErrors));
            Assert.Equal((1, 1, 1), (successor.Closes, context.FreeSessions.Count, context.FreeExchanges.Count));
            Assert.True(served.IsClosed);
            client.Close();
            await rig.TurnsAsync(3);
        });
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_failure_to_tell_of_its_end_leaves_nothing_behind(string engine) => WithSuccessor(engine, at =>
    {
        Assert.Throws<InvalidOperationException>(at.Successor.Finish);
        Assert.Equal((0, 0L, 0L), (at.Context.Count, at.Counters.Active, at.Counters.Tunnels));
        return LoopTask.Completed;
    }, closed: _ => throw new InvalidOperationException("a bug of whoever is told"));

    private static ServerContext ContextOf(LoopRig rig, Successor successor, Action<Connection>? closed = null)
    {
        var handler = Handler.From(exchange =>
        {
            Assert.True(exchange.TryConnected());
            exchange.Successor = successor;
            return LoopTask.Completed;
        });
        return new ServerContext(rig.Reactor, new ServerSettings(), (_, _, _) => handler, accessLog: null) { Closed = closed };
    }

    private static void WithSuccessor(string engine, Func<State, LoopTask> body, Action<Connection>? closed = null)
    {
        using var rig = new LoopRig(engine);
        rig.Run(async () =>
        {
            var successor = new WaitingSuccessor();
            var context = ContextOf(rig, successor, closed);
            var (client, served) = await rig.PairAsync();
            context.Serve(served);
            await LoopRig.SendAsync(client, Request);
            client.Output.Release();
            await rig.UntilAsync(() => successor.Filling is not null);
            await body(new State(rig, context, successor, client));
            client.Close();
            await rig.TurnsAsync(3);
        });
    }

    private sealed record State(LoopRig Rig, ServerContext Context, WaitingSuccessor Successor, SocketConnection Client)
    {
        internal Tailrace.Telemetry.Counters Counters => Rig.Reactor.Counters;
    }

    /// <summary>Sends what is in the output, and waits for the client.</summary>
    private sealed class WaitingSuccessor : Successor
    {
        internal IoTask? Filling { get; private set; }

        internal void Finish() => End(mustReset: false, 0, 0);

        internal override void Close(bool mustReset = false)
        {
        }

        protected override void Begin(Connection downstream)
        {
            Assert.True(downstream.FlushAsync().IsCompleted);
            downstream.Output.Release();
            downstream.Input.Release();
            downstream.SetTimeout(0);
            Filling = downstream.FillAsync();
        }
    }

    /// <summary>Has a bug.</summary>
    private sealed class FailingSuccessor : Successor
    {
        internal InvalidOperationException Failure { get; } = new("a bug");

        internal int Closes { get; private set; }

        internal override void Close(bool mustReset = false) => Closes++;

        protected override void Begin(Connection downstream) => throw Failure;
    }
}
