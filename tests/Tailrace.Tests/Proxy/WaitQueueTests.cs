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
        Assert.Equal(["a: True", "b: True", "c: True"], _ended);
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
        Assert.Equal(["back: True"], _ended);
        _queue.CallAll();
        await _rig.UntilAsync(() => _ended.Count == 3);
    });

    [Fact]
    public void A_full_queue_takes_nobody() => _rig.Run(async () =>
    {
        for (var i = 0; i < 3; i++) Enter("a");
        Assert.False(await _queue.WaitAsync(_queue.Deadline, isCalled: false));
        _queue.CallAll();
        await _rig.UntilAsync(() => _ended.Count == 3);
    });

    [Fact]
    public void Whoever_waits_too_long_is_told() => _rig.Run(async () =>
    {
        var began = _rig.Loop.Now;
        Enter("a");
        await _rig.UntilAsync(() => _ended.Count == 1);
        Assert.Equal(["a: False"], _ended);
        Assert.InRange(_rig.Loop.Now - began, 1000, 1100);
        Assert.False(await _queue.WaitAsync(_rig.Loop.Now, isCalled: true));
        Assert.Equal((0, 0), (_queue.Count, _rig.Loop.Timers.Count));
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

    private void Enter(string name) => WaitAsync(name, isCalled: false).Detach();

    private async LoopTask WaitAsync(string name, bool isCalled) =>
        _ended.Add($"{name}: {await _queue.WaitAsync(_queue.Deadline, isCalled)}");
}
