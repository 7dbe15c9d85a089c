using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>First in, first out; bounded in length and time.</summary>
public sealed class WaitQueueTests : IDisposable
{
    private readonly LoopRig _rig = new("sim");
    private readonly WaitQueue _queue;
    private readonly List<string> _ended = [];

    public WaitQueueTests() => _queue = new WaitQueue(_rig.Reactor, lengthMax: 3, timeoutMs: 1000);

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Those_that_came_first_go_first() => _rig.Run(async () =>
    {
        Enter("a");
        Enter("b");
        _queue.CallOne();
        await _rig.UntilAsync(() => _ended.Count == 1);
        Enter("c");
        _queue.CallAll();
        await _rig.UntilAsync(() => _ended.Count == 3);
        Assert.Equal(["a: Called", "b: Called", "c: Called"], _ended);
        Assert.Equal(0, _queue.Count);
    });

    [Fact]
    public void One_that_found_no_room_is_first_again() => _rig.Run(async () =>
    {
        Enter("a");
        Enter("b");
        WaitAsync("back", isCalled: true).Detach();
        _queue.CallOne();
        await _rig.UntilAsync(() => _ended.Count == 1);
        Assert.Equal(["back: Called"], _ended);
        _queue.CallAll();
        await _rig.UntilAsync(() => _ended.Count == 3);
    });

    [Fact]
    public void One_that_cannot_use_its_turn_passes_it_on() => _rig.Run(async () =>
    {
        WaitAsync("retry", isCalled: false, isRetry: true).Detach();
        Enter("new");
        _queue.CallOne();
        await _rig.UntilAsync(() => _ended.Count == 1);
        WaitAsync("again", isCalled: true, isRetry: true).Detach();
        await _rig.UntilAsync(() => _ended.Count == 2);
        Assert.Equal(["retry: Called", "new: Called"], _ended);
        _queue.CallAll();
        await _rig.UntilAsync(() => _ended.Count == 3);
        Assert.Equal(0, _queue.Count);
    });

    [Fact]
    public void A_full_queue_takes_nobody() => _rig.Run(async () =>
    {
        for (var i = 0; i < 3; i++) Enter("a");
        Assert.Equal(PauseEnd.TimedOut, await _queue.WaitAsync(_queue.Deadline, isCalled: false, isRetry: false, client: null));
        _queue.CallAll();
        await _rig.UntilAsync(() => _ended.Count == 3);
    });

    [Fact]
    public void Whoever_waits_too_long_is_told() => _rig.Run(async () =>
    {
        var began = _rig.Loop.Now;
        Enter("a");
        await _rig.UntilAsync(() => _ended.Count == 1);
        Assert.Equal(["a: TimedOut"], _ended);
        Assert.InRange(_rig.Loop.Now - began, 1000, 1100);
        Assert.Equal(PauseEnd.TimedOut, await _queue.WaitAsync(_rig.Loop.Now, isCalled: true, isRetry: false, client: null));
        Assert.Equal((0, 0), (_queue.Count, _rig.Loop.Timers.Count));
    });

    [Fact]
    public void One_whose_client_leaves_makes_room() => _rig.Run(async () =>
    {
        var (client, server) = await _rig.PairAsync();
        Enter("a", server);
        Enter("b");
        client.Close(reset: true);
        await _rig.UntilAsync(() => _ended.Count == 1);
        Assert.Equal(1, _queue.Count);
        _queue.CallOne();
        await _rig.UntilAsync(() => _ended.Count == 2);
        Assert.Equal(["a: Lost", "b: Called"], _ended);
        // One that is gone already does not wait at all.
        server.Abort();
        Enter("c", server);
        await _rig.UntilAsync(() => _ended.Count == 3);
        Assert.Equal("c: Lost", _ended[2]);
        server.Close();
    });

    [Fact]
    public void One_that_was_called_counts_until_it_has_gone() => _rig.Run(async () =>
    {
        Enter("a");
        _queue.CallOne();
        Assert.Equal((1, 0), (_queue.Count, _ended.Count));
        await _rig.UntilAsync(() => _ended.Count == 1);
        Assert.Equal(0, _queue.Count);
    });

    [Fact]
    public void Who_waits_for_another_try_holds_no_newcomer_until_it_has_its_turn() => _rig.Run(async () =>
    {
        Assert.False(_queue.HoldsNewcomers);
        WaitAsync("retry", isCalled: false, isRetry: true).Detach();
        Assert.Equal((1, false), (_queue.Count, _queue.HoldsNewcomers));
        Enter("a");
        Assert.True(_queue.HoldsNewcomers);
        _queue.CallOne();
        _queue.CallOne();
        Assert.True(_queue.HoldsNewcomers);
        await _rig.UntilAsync(() => _ended.Count == 2);
        Assert.Equal(["retry: Called", "a: Called"], _ended);
        Assert.Equal((0, false), (_queue.Count, _queue.HoldsNewcomers));
    });

    private void Enter(string name, Connection? client = null) =>
        WaitAsync(name, isCalled: false, isRetry: false, client).Detach();

    private async LoopTask WaitAsync(string name, bool isCalled, bool isRetry = false, Connection? client = null) =>
        _ended.Add($"{name}: {await _queue.WaitAsync(_queue.Deadline, isCalled, isRetry, client)}");
}
