using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Io;

namespace Tailrace.Sessions;

/// <content>The usual way of a request; all others are those of <see cref="RunAsync"/>.</content>
/// <remarks>
/// A usual request comes whole while nothing else is under way, is answered whole, and leaves the connection as it was.
/// It is served from within the wait for it, so that the async method stays suspended: to move its state out of its box
/// and into it again, twice for a request, would cost more than the parser does. The steps are those of
/// <see cref="RunAsync"/>, which goes on with the first of them that is not usual.
/// </remarks>
internal sealed partial class H1Server
{
    private LoopContinuation? _general;
    private Left _left;
    private ParseStatus _status;
    private IoResult _received;
    private LoopTask _answer;

    /// <summary>What the usual way has left to be done.</summary>
    private enum Left : byte
    {
        /// <summary>Nothing was begun: the next request is to be read.</summary>
        Nothing,

        /// <summary>The connection has come to something else than bytes.</summary>
        Fill,

        /// <summary>A head is not there whole, or is to be refused.</summary>
        Head,

        /// <summary>A handler has answered, or failed, and the exchange is to be ended.</summary>
        Answer,
    }

    /// <summary>A request has come, or something else; or the handler's answer is there.</summary>
    internal override void Resume()
    {
        try
        {
            if (_left == Left.Answer ? TryEnd() : TryAnswer()) return;
        }
        catch (Exception exception)
        {
            OnException(exception);
        }
        _general!.Resume();
    }

    private void OnException(Exception exception)
    {
        if (_left == Left.Answer && _exchange is not null)
        {
            // A handler's: whoever awaits the answer gets to know.
            var failed = new FailedPromise<bool>();
            failed.Fail(exception);
            _answer = new LoopTask(failed);
            return;
        }
        // A bug. Nobody knows what the client was sent.
        _connection.Reactor.Loop.OnUnhandled(exception);
        _connection.Abort();
        _received = IoResult.Failure(IoError.Aborted);
        _left = Left.Fill;
    }

    /// <summary>Serves requests as they come, until one of them, or something else, is not usual.</summary>
    /// <param name="fill">What it waits for, and is not there yet.</param>
    private UnusualEvent UntilUnusual(IoTask fill)
    {
        _left = Left.Nothing;
        fill.Watch(this);
        return new UnusualEvent(this);
    }

    /// <summary>Steps 1 to 3. False when they are to be gone on with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAnswer()
    {
        if (!Take(_connection.TakeFill())) return false;
        var status = ReadHead();
        if (status != ParseStatus.Complete)
        {
            _status = status;
            _left = Left.Head;
            return false;
        }
        var exchange = _exchange!;
        Begin(exchange);
        _left = Left.Answer;
        var handler = _context.Route(exchange.Request, exchange.RequestBytes, _connection);
        var answer = handler.HandleAsync(exchange);
        if (!answer.IsCompleted)
        {
            _answer = answer;
            answer.Watch(this);
            return true;
        }
        answer.GetAwaiter().GetResult();
        return TryFinish();
    }

    /// <summary>The end of step 3, and step 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryEnd()
    {
        var answer = _answer;
        _answer = default;
        answer.GetAwaiter().GetResult();
        return TryFinish();
    }

    /// <summary>Step 4. False when that is to be gone on with.</summary>
    private bool TryFinish()
    {
        var exchange = _exchange!;
        if (!exchange.IsWhole || exchange.IsAtWork) return false;
        Account(exchange);
        Recycle();
        _left = Left.Nothing;
        if (!_connection.Input.IsEmpty || !_connection.Output.IsEmpty || !TryIdle()) return false;
        var fill = _connection.FillAsync();
        if (!fill.IsCompleted)
        {
            fill.Watch(this);
            return true;
        }
        Take(fill.GetAwaiter().GetResult());
        return false;
    }

    /// <summary>Takes what a fill has come to. False when it has brought no bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Take(IoResult received)
    {
        if (Arrived(received)) return true;
        _received = received;
        _left = Left.Fill;
        return false;
    }

    /// <summary>The next head, read here or by the usual way.</summary>
    private ParseStatus NextHead()
    {
        if (_left != Left.Head) return _connection.Input.IsEmpty ? ParseStatus.NeedMore : ReadHead();
        _left = Left.Nothing;
        return _status;
    }

    /// <summary>The answer that the usual way has asked a handler for.</summary>
    private LoopTask TakeAnswer()
    {
        var answer = _answer;
        _answer = default;
        _left = Left.Nothing;
        return answer;
    }

    /// <summary>For <c>await</c>: the event that <see cref="UntilUnusual"/> waits for.</summary>
    private readonly struct UnusualEvent(H1Server server) : ICriticalNotifyCompletion, ILoopAwaiter
    {
        public bool IsCompleted => false;

        public UnusualEvent GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => throw new UnreachableException();

        public void UnsafeOnCompleted(Action continuation) => throw new UnreachableException();

        void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => server._general = continuation;
    }
}
