using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Tests.Io;

/// <summary>A connection that has an address and does nothing, for what asks where a client is.</summary>
internal sealed class FakeClient(Reactor reactor, NetAddress remote) : Connection(reactor)
{
    public override NetAddress Remote => remote;

    public override bool IsClosed => false;

    public override (long Received, long Sent) TakeTraffic() => default;

    public override IoTask FillAsync() => throw new NotSupportedException();

    internal override bool HasFilled => throw new NotSupportedException();

    internal override bool HasFlushed => throw new NotSupportedException();

    public override void PrepareFill() => throw new NotSupportedException();

    internal override IoResult TakeFill() => throw new NotSupportedException();

    public override void CancelFill() => throw new NotSupportedException();

    public override IoTask FlushAsync() => throw new NotSupportedException();

    public override IoTask FlushAsync(ByteBuffer body, int count) => throw new NotSupportedException();

    internal override IoResult TakeFlush() => throw new NotSupportedException();

    public override void CancelFlush() => throw new NotSupportedException();

    public override void ShutdownSend() => throw new NotSupportedException();

    public override void Close(bool reset = false)
    {
    }

    public override void Abort() => throw new NotSupportedException();

    internal override void WatchLoss(LoopContinuation? watcher)
    {
    }

    public override void AbortWith(Connection? other, bool atOnce = false)
    {
    }

    protected internal override void OnDeadline() => throw new NotSupportedException();
}
