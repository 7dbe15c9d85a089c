using System.Runtime.Versioning;
using Tailrace.Io.Backends;
using Tailrace.Native;

namespace Tailrace.Tests.Io.Backends;

/// <summary>How many completions an entry waits for, and for how long.</summary>
[SupportedOSPlatform("linux")]
public sealed unsafe class UringRingTests : IDisposable
{
    private const uint MinWaitMicroseconds = 1000;

    private readonly UringRing _ring = new(new UringSettings());

    public UringRingTests() => _ring.Enable();

    public void Dispose() => _ring.Dispose();

    [Fact]
    public void Where_fewer_come_than_are_waited_for_one_will_do()
    {
        Cancel();
        _ring.Enter(timeoutMs: -1, count: 2, MinWaitMicroseconds);
        Assert.Equal(Two, _ring.WaitedFor);
        Assert.Equal(1u, _ring.Added - _ring.Taken);
    }

    [Fact]
    public void Where_nothing_comes_the_wait_ends_all_the_same()
    {
        _ring.Enter(timeoutMs: 2, count: 2, MinWaitMicroseconds);
        Assert.Equal(Two, _ring.WaitedFor);
        Assert.False(_ring.HasCompletions);
    }

    [Fact]
    public void What_is_there_already_is_not_waited_for()
    {
        Cancel();
        _ring.Enter(timeoutMs: -1);
        Assert.Equal(1u, _ring.WaitedFor);
        _ring.Enter(timeoutMs: -1, count: 2, MinWaitMicroseconds);
        Assert.Equal(0u, _ring.WaitedFor);
        _ring.Enter(timeoutMs: 0);
        Assert.Equal(0u, _ring.WaitedFor);
    }

    /// <summary>Two, or one where the kernel cannot wait for more.</summary>
    private uint Two => (_ring.Features & Uring.FeatureMinTimeout) != 0 ? 2u : 1u;

    /// <summary>Submits what completes at once: there is nothing to be cancelled.</summary>
    private void Cancel() => _ring.Add(Uring.OpAsyncCancel, 0, 0, -1, null, 0, 0, userData: 1);
}
