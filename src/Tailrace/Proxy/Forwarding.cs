using System.Runtime.CompilerServices;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>One request on its way: what its session awaits, and what has been tried for it.</summary>
/// <remarks>
/// The usual request has no body, finds an idle connection, and gets a short answer that comes whole. Between its two
/// halves there is one wait, and this object is what waits: that costs a tenth of moving an async method's state into a
/// box and out of it. With the first thing that is unusual the handler's own method goes on, and this waits for that.
/// Its exchange keeps it for the requests after this one; used on the reactor's thread.
/// </remarks>
internal sealed class Forwarding : LoopPromise
{
    private readonly Exchange _exchange;

    /// <summary>Who forwards the request, or has forwarded the last one.</summary>
    private ForwardHandler? _handler;
    private bool _isUnderWay;
    private bool _isWaiting;
    private LoopTask _rest;

    private Forwarding(Exchange exchange) => _exchange = exchange;

    /// <summary>That of an exchange whose handler is asked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Forwarding Of(Exchange exchange)
    {
        return exchange.HandlerState is Forwarding { _isUnderWay: false } idle ? idle : Make(exchange);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Forwarding Make(Exchange exchange)
    {
        if (exchange.IsAtWork) throw new InvalidOperationException("the request is being forwarded already");
        var made = new Forwarding(exchange);
        exchange.HandlerState = made;
        return made;
    }

    /// <summary>What has been tried for the request.</summary>
    internal Attempts Attempts { get; } = new(0);

    /// <summary>
    /// Waits for the answer to a request that has been sent on the connection leased for it, whose fill it watches.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal LoopTask Wait(ForwardHandler handler)
    {
        BeginWork(handler);
        _isWaiting = true;
        return new LoopTask(this);
    }

    /// <summary>Waits for the handler's method.</summary>
    internal LoopTask Follow(ForwardHandler handler, LoopTask rest)
    {
        if (rest.IsCompleted)
        {
            handler.EndTrial(Attempts);
            return rest;
        }
        BeginWork(handler);
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
                rest = _handler!.OnArrival(_exchange, Attempts, (UpstreamConnection)_exchange.Lease!);
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
            EndWork();
            Fail(exception);
            return;
        }
        EndWork();
        Complete();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void BeginWork(ForwardHandler handler)
    {
        RepeatedReference.Keep(ref _handler, handler);
        _isUnderWay = true;
        _exchange.BeginWork();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndWork()
    {
        _handler!.EndTrial(Attempts);
        _exchange.EndWork();
    }

    /// <inheritdoc/>
    protected override void Recycle() => _isUnderWay = false;
}
