using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>One request on its way: what its session awaits, and what has been tried for it.</summary>
/// <remarks>
/// The usual request has no body, finds an idle connection, and gets a short answer that comes whole. Between its two
/// halves there is one wait, and this object is what waits: that costs a tenth of moving an async method's state into a
/// box and out of it. With the first thing that is unusual the handler's own method goes on, and this waits for that.
/// From its handler's free list; used on the reactor's thread.
/// </remarks>
internal sealed class Forwarding : LoopPromise
{
    private readonly ForwardHandler _handler;
    private RepeatedReference<Exchange> _exchange;
    private bool _isWaiting;
    private LoopTask _rest;

    internal Forwarding(ForwardHandler handler) => _handler = handler;

    /// <summary>What has been tried for the request.</summary>
    internal Attempts Attempts { get; } = new(0);

    /// <summary>Waits for the answer to a request that has been sent on the connection leased for it.</summary>
    internal LoopTask Wait(Exchange exchange, IoTask fill)
    {
        _exchange.Value = exchange;
        _isWaiting = true;
        fill.Watch(this);
        return new LoopTask(this);
    }

    /// <summary>Waits for the handler's method.</summary>
    internal LoopTask Follow(LoopTask rest)
    {
        if (rest.IsCompleted)
        {
            _handler.Free(this);
            return rest;
        }
        _rest = rest;
        rest.Watch(this);
        return new LoopTask(this);
    }

    /// <summary>The answer has come, or something else; or the handler's method is through.</summary>
    internal override void Resume()
    {
        try
        {
            var rest = _rest;
            _rest = default;
            if (_isWaiting)
            {
                _isWaiting = false;
                var exchange = _exchange.Value!;
                rest = _handler.OnArrival(exchange, Attempts, (UpstreamConnection)exchange.Lease!);
            }
            if (!rest.IsCompleted)
            {
                _rest = rest;
                rest.Watch(this);
                return;
            }
            rest.GetAwaiter().GetResult();
        }
        catch (Exception exception)
        {
            Fail(exception);
            return;
        }
        Complete();
    }

    /// <inheritdoc/>
    protected override void Recycle() => _handler.Free(this);
}
