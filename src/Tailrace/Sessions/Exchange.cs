using System.Runtime.CompilerServices;
using System.Text;
using Tailrace.Http;
using Tailrace.Http.Rules;
using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>One request and its answer, whatever version of HTTP carries it. What handlers see.</summary>
/// <remarks>
/// <para>Lives on one reactor and is used on its thread only; borrowed by the handler until its task completes, and
/// used again for another request after that. Spans that it gives are valid until the next await.</para>
/// <para>An answer is begun, given its fields, and ended, in that order.
/// <see cref="Respond(int, string, ReadOnlySpan{byte})"/> does all of it at once.</para>
/// </remarks>
public abstract class Exchange
{
    /// <summary>The largest piece that one <see cref="WriteAsync"/> or <see cref="End"/> takes, in bytes.</summary>
    public const int PieceBytesMax = 16 * 1024;

    private byte[] _path = [];
    private int _pathLength;
    private ReadOnlyMemory<byte> _upstream;
    private bool _hasUpstream;
    private int _works;
    private LoopContinuation? _restWaiter;

    /// <summary>The request's head. Its slices are places in <see cref="RequestBytes"/>.</summary>
    public abstract RequestHead Request { get; }

    /// <summary>The bytes of the request's head.</summary>
    public abstract ReadOnlySpan<byte> RequestBytes { get; }

    /// <summary>Finds the request's body in the downstream connection's input.</summary>
    public abstract BodyReader RequestBody { get; }

    /// <summary>Writes the answer's body.</summary>
    public abstract BodyWriter ResponseBody { get; }

    /// <summary>The client's connection.</summary>
    public abstract Connection Downstream { get; }

    /// <summary>The listener's settings.</summary>
    public abstract ServerSettings Settings { get; }

    /// <summary>The reactor that all of this runs on.</summary>
    public Reactor Reactor => Downstream.Reactor;

    /// <summary>The final status, once the answer has begun.</summary>
    public int Status { get; protected set; }

    /// <summary>Whether the answer's head has been begun.</summary>
    public bool HasBegun => Status != 0;

    /// <summary>Whether the answer has been written whole.</summary>
    public bool IsComplete { get; protected set; }

    /// <summary>Whether the client's connection was given up.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>Who answered, for the access log; empty when the server itself did.</summary>
    public ReadOnlyMemory<byte> Upstream
    {
        get => _hasUpstream ? _upstream : default;
        set
        {
            _hasUpstream = true;
            if (!_upstream.Equals(value)) _upstream = value;
        }
    }

    /// <summary>
    /// Field lines, each with its CRLF, that are added to the answer of an upstream; empty for none.
    /// </summary>
    internal ReadOnlyMemory<byte> AddedFields { get; set; }

    /// <summary>Why an answer is an error, for the logs; null when it is not.</summary>
    public string? FailureReason { get; set; }

    /// <summary>
    /// Fields to set, add or remove in an answer of our own; a handler that forwards has its own edits. Null for none.
    /// </summary>
    internal FieldEdits? ResponseFields { get; set; }

    /// <summary>What the values of fields repeat.</summary>
    internal ExchangeValues Values => new(Request, RequestBytes, Downstream.RemoteText, Upstream.Span);

    /// <summary>The path that an upstream gets, where a route has rewritten it; else empty.</summary>
    internal ReadOnlySpan<byte> RewrittenPath => _path.AsSpan(0, _pathLength);

    /// <summary>Whether a route has rewritten it.</summary>
    internal bool IsPathRewritten => _pathLength > 0;

    /// <summary>What goes on with the client's connection after this exchange; null for HTTP.</summary>
    internal Successor? Successor { get; set; }

    /// <summary>What its handler has borrowed for it at the moment; null for nothing.</summary>
    internal Lease? Lease { get; set; }

    /// <summary>
    /// Whether something that a handler has begun is at work for it. Until that ends, it is no other request's.
    /// </summary>
    internal bool IsAtWork => _works > 0;

    /// <summary>
    /// What a handler keeps with the exchange for its later requests; a handler of another kind replaces it.
    /// </summary>
    internal LoopPromise? HandlerState { get; set; }

    /// <summary>The request's path, as the client sent it.</summary>
    public ReadOnlySpan<byte> Path => Request.Path.In(RequestBytes);

    /// <summary>The value of a request field, or empty. Of a repeated field the first.</summary>
    /// <param name="name">In any case.</param>
    public ReadOnlySpan<byte> RequestHeader(ReadOnlySpan<byte> name) =>
        Request.Headers.TryFind(name, RequestBytes, out var field) ? field.Value.In(RequestBytes) : default;

    /// <summary>Begins the answer.</summary>
    /// <param name="status">From 200 to 599.</param>
    /// <param name="contentLength">Bytes of the body, or -1 when they are not known yet.</param>
    public abstract void Begin(int status, long contentLength = -1);

    /// <summary>Adds a field to an answer that has begun. Framing fields are the server's and cannot be set.</summary>
    /// <exception cref="ArgumentException">The name or the value is not valid in HTTP.</exception>
    public abstract void Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

    /// <summary>Writes a piece of the body; sends when enough has gathered.</summary>
    /// <returns>An error when the client is gone; the exchange is aborted then and the handler may stop.</returns>
    /// <exception cref="ArgumentException">The piece is longer than <see cref="PieceBytesMax"/>.</exception>
    public abstract IoTask WriteAsync(ReadOnlySpan<byte> piece);

    /// <summary>Sends what has been written so far.</summary>
    public abstract IoTask FlushAsync();

    /// <summary>Ends the answer with a last piece, which may be empty, and trailer fields.</summary>
    /// <param name="piece">At most <see cref="PieceBytesMax"/> bytes.</param>
    /// <param name="trailers">Whole field lines, each ended by CRLF, or nothing.</param>
    public abstract void End(ReadOnlySpan<byte> piece = default, ReadOnlySpan<byte> trailers = default);

    /// <summary>Answers whole.</summary>
    /// <param name="status">From 200 to 599.</param>
    /// <param name="contentType">The media type; empty for none.</param>
    /// <param name="body">At most <see cref="PieceBytesMax"/> bytes.</param>
    public LoopTask Respond(int status, string contentType, ReadOnlySpan<byte> body)
    {
        DropBuffered();
        Begin(status, body.Length);
        if (contentType.Length > 0)
        {
            Span<byte> type = stackalloc byte[contentType.Length];
            Encoding.ASCII.GetBytes(contentType, type);
            Header("Content-Type"u8, type);
        }
        End(body);
        return LoopTask.Completed;
    }

    /// <summary>Answers whole with something that was prepared.</summary>
    /// <remarks>Without room for it in the buffers the exchange is aborted.</remarks>
    public void Respond(PreparedReply reply)
    {
        if (!TryRespond(reply)) Abort();
    }

    /// <summary>Answers whole with something that was prepared, if there is room for all of it at once.</summary>
    /// <returns>False when <see cref="RespondInPiecesAsync"/> has to be used; nothing has been written then.</returns>
    internal abstract bool TryRespond(PreparedReply reply);

    /// <summary>Answers with something that was prepared in whatever room there is.</summary>
    internal abstract LoopTask RespondInPiecesAsync(PreparedReply reply);

    /// <summary>Answers whole with text in UTF-8.</summary>
    public LoopTask Respond(int status, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Respond(status, "text/plain; charset=utf-8", bytes);
    }

    /// <summary>Takes body bytes of the request, receiving when there are none yet.</summary>
    /// <param name="destination">Where they go.</param>
    /// <returns>
    /// The count, 0 at the body's end, or a failure: the client is gone, too slow, or broke the rules. Fits bodies of
    /// any size.
    /// </returns>
    public abstract LoopTask<IoResult> ReadAsync(Memory<byte> destination);

    /// <summary>Gives the client's connection up after this exchange, with a reset when an answer has begun.</summary>
    public virtual void Abort() => IsAborted = true;

    /// <summary>Lets the connection serve no other request after this one.</summary>
    public abstract void CloseAfterwards();

    /// <summary>Begins the answer with an upstream's head.</summary>
    /// <returns>False when the head has no room in the buffers.</returns>
    internal abstract bool TryForward(ResponseHead head, ReadOnlySpan<byte> bytes, ResponseEdits edits);

    /// <summary>Answers whole with what an upstream has answered, where nothing about it is unusual.</summary>
    /// <param name="head">Its head; the body is of known length.</param>
    /// <param name="message">All of its bytes.</param>
    /// <param name="edits">What to change.</param>
    /// <returns>False when <see cref="TryForward"/> has to be used.</returns>
    internal abstract bool TryForwardWhole(ResponseHead head, ReadOnlySpan<byte> message, ResponseEdits edits);

    /// <summary>Writes an interim answer of an upstream, where the client's version knows them.</summary>
    internal abstract bool TryForwardInterim(ResponseHead head, ReadOnlySpan<byte> bytes);

    /// <summary>Rewrites the path for upstreams; a target that is no path stays as it is.</summary>
    internal RewriteResult RewritePath(PathRewrite rewrite)
    {
        var path = Path;
        // An absolute target may lack its path, which is "/" then, but for OPTIONS: that is about the whole server.
        if (path.IsEmpty && Request.Form == TargetForm.Absolute && Request.Method != Method.Options) path = "/"u8;
        if (path is not [(byte)'/', ..]) return RewriteResult.Done;
        var result = rewrite.Apply(path, ref _path, out _pathLength);
        if (result != RewriteResult.Done) _pathLength = 0;
        return result;
    }

    /// <summary>Answers a CONNECT: what follows belongs to the tunnel (RFC 9110 section 9.3.6).</summary>
    /// <returns>False when there is no room in the buffers; the exchange is aborted then.</returns>
    internal abstract bool TryConnected();

    /// <summary>
    /// Says "100 Continue" if the client waits for it and has not heard it yet. What is written leaves with the next
    /// flush.
    /// </summary>
    internal abstract void Continue();

    /// <summary>
    /// Takes out of the way what has been received of a request's body that nobody will read, so that its end is found
    /// where it is there already.
    /// </summary>
    private protected abstract void DropBuffered();

    /// <summary>Something begins to work for it that a handler is to await.</summary>
    internal void BeginWork() => _works++;

    /// <summary>It has ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EndWork()
    {
        _works--;
        if (_restWaiter is not null) EndWait();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EndWait()
    {
        if (_works == 0) Reactor.Loop.Queue(_restWaiter!);
    }

    /// <summary>To be awaited while something is at work: until nothing is.</summary>
    internal Rest UntilAtRest() => new(this);

    /// <summary>Marks the answer as whole after its body was relayed.</summary>
    internal void Complete() => IsComplete = true;

    /// <summary>Prepares for another request.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void ResetState()
    {
        Status = 0;
        IsComplete = IsAborted = false;
        _hasUpstream = false;
        AddedFields = default;
        FailureReason = null;
        ResponseFields = null;
        _pathLength = 0;
        Successor = null;
        Lease = null;
    }

    /// <summary>For <c>await</c>: the end of all that is at work.</summary>
    internal readonly struct Rest(Exchange exchange) : ILoopAwaiter, ICriticalNotifyCompletion
    {
        /// <summary>Always false: it is at work.</summary>
        public bool IsCompleted => false;

        /// <summary>For the compiler.</summary>
        public Rest GetAwaiter() => this;

        /// <summary>For the compiler.</summary>
        public void GetResult() => exchange._restWaiter = null;

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation) =>
            exchange._restWaiter = new ActionContinuation(continuation);

        void ILoopAwaiter.OnCompleted(LoopContinuation continuation) => exchange._restWaiter = continuation;
    }
}
