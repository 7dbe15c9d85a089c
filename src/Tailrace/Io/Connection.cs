using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tailrace.Io.ProxyProtocol;
using Tailrace.Memory;

namespace Tailrace.Io;

/// <summary>
/// Duplex bytes with an input window, an output window and a deadline: a socket, TLS over one, or a simulation.
/// </summary>
/// <remarks>
/// Belongs to one reactor. One receive and one send may be in flight, each awaited by one method. Neither buffer holds
/// a block while the connection waits idle; in a tunnel, of which there are many, it has no buffers then at all.
/// </remarks>
public abstract class Connection : TimerEntry
{
    private ClientFacts? _facts;

    /// <summary>Creates a connection of <paramref name="reactor"/>.</summary>
    protected Connection(Reactor reactor)
    {
        Reactor = reactor;
        Input = reactor.RentBuffer();
        Output = reactor.RentBuffer();
    }

    /// <summary>The reactor it lives on.</summary>
    public Reactor Reactor { get; }

    /// <summary>Bytes received and not yet consumed.</summary>
    public ByteBuffer Input { get; private protected set; }

    /// <summary>Bytes written and not yet sent.</summary>
    public ByteBuffer Output { get; private protected set; }

    /// <summary>The other side's address: that of the client, where a trusted proxy has said it.</summary>
    public abstract NetAddress Remote { get; }

    /// <summary>This side's address: what the client connected to. Asks the system each time.</summary>
    public virtual NetAddress Local => default;

    /// <summary>
    /// <see cref="Remote"/> without its port, as text: written once, for each request repeats it to its origin.
    /// </summary>
    internal ReadOnlySpan<byte> RemoteText
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _facts is { Text: { IsEmpty: false } text } ? text : WriteRemoteText().Text;
    }

    /// <summary>What a proxy on the other side said of its client, or null.</summary>
    public ProxyHeader? ProxyHeader
    {
        get => _facts?.ProxyHeader;
        internal set => Facts.ProxyHeader = value;
    }

    /// <summary>Its place among those of its source, where they are counted; given back at its close.</summary>
    internal SourceTicket Ticket { set => Facts.Ticket = value; }

    /// <summary>The address that <see cref="Remote"/> goes on to tell when the socket is gone: logs ask at the end.
    /// </summary>
    private protected NetAddress LastRemote
    {
        get => _facts?.Remote ?? default;
        set => Facts.Remote = value;
    }

    /// <summary>
    /// When it was accepted, in ticks of the stopwatch: now, unless a gate before its server has said so
    /// (<see cref="MarkAccepted"/>).
    /// </summary>
    internal long AcceptTime() => _facts is { AcceptedAt: > 0 and var ticks } ? ticks : Stopwatch.GetTimestamp();

    /// <summary>Milliseconds for which such a gate has had it.</summary>
    internal long WaitedMs =>
        _facts is { AcceptedAt: > 0 and var ticks } ? (long)Stopwatch.GetElapsedTime(ticks).TotalMilliseconds : 0;

    /// <summary>A gate has something to wait for: what the logs say of the client begins now.</summary>
    internal void MarkAccepted()
    {
        if (Facts.AcceptedAt == 0) Facts.AcceptedAt = Stopwatch.GetTimestamp();
    }

    private ClientFacts Facts => _facts ??= Reactor.FreeFacts.TryTake() ?? new ClientFacts();

    /// <summary>Whether it has been closed on this side.</summary>
    public abstract bool IsClosed { get; }

    /// <summary>
    /// Gives back what an empty input holds, while a receive waits for bytes. It comes back with them, or when
    /// something else receives; until then nothing may be written to it.
    /// </summary>
    internal virtual void ReleaseInput() => Input.Release();

    /// <summary>
    /// Gives back what an empty output holds, and what sending needs. A flush of something else takes the latter again;
    /// nothing may be written to the output any more.
    /// </summary>
    internal virtual void ReleaseOutput() => Output.Release();

    /// <summary>What stays to be known of the client is what its socket says, unless more has been said.</summary>
    internal void ForgetText()
    {
        if (_facts is not { IsTextOnly: true } facts) return;
        facts.Clear();
        Reactor.FreeFacts.Return(facts);
        _facts = null;
    }

    /// <summary>The connection is closed.</summary>
    private protected void ClearFacts() => _facts?.Clear();

    /// <summary>Bytes received and sent since this was last asked.</summary>
    public abstract (long Received, long Sent) TakeTraffic();

    /// <summary>Receives more into <see cref="Input"/>: a count, 0 at the end of the stream, or an error.</summary>
    public abstract IoTask FillAsync();

    /// <summary>Arms the next <see cref="FillAsync"/> without awaiting it.</summary>
    public abstract void PrepareFill();

    /// <summary>Whether the fill that is watched has completed: <see cref="TakeFill"/> has its result.</summary>
    internal abstract bool HasFilled { get; }

    /// <summary>What the fill came to that was watched and has completed.</summary>
    internal abstract IoResult TakeFill();

    /// <summary>Makes the pending <see cref="FillAsync"/> fail as cancelled.</summary>
    public abstract void CancelFill();

    /// <summary>Sends all of <see cref="Output"/>.</summary>
    public abstract IoTask FlushAsync();

    /// <summary>
    /// Sends all of <see cref="Output"/> and then <paramref name="count"/> bytes of <paramref name="body"/>.
    /// </summary>
    public abstract IoTask FlushAsync(ByteBuffer body, int count);

    /// <summary>
    /// Room for a short message that is to leave by itself: see <see cref="EventLoop.BeginShort"/>. None when there is
    /// something in <see cref="Output"/>, which is also the place for all others.
    /// </summary>
    internal virtual Span<byte> BeginShort(int room) => default;

    /// <summary>Sends the message of <paramref name="length"/> bytes that was written there.</summary>
    internal virtual void EndShort(int length) => throw new NotSupportedException();

    /// <summary>The same of the flush that is watched, for <see cref="TakeFlush"/>.</summary>
    internal abstract bool HasFlushed { get; }

    /// <summary>What the flush came to that was watched and has completed.</summary>
    internal abstract IoResult TakeFlush();

    /// <summary>Makes the pending flush fail as cancelled.</summary>
    public abstract void CancelFlush();

    /// <summary>
    /// Bytes that have been received before those in <see cref="Input"/> and that the system keeps.
    /// </summary>
    internal virtual int Unseen => 0;

    /// <summary>Whether it can send what another connection of its reactor has received unseen.</summary>
    internal virtual bool SendsUnseen => false;

    /// <summary>
    /// Receives more, into <see cref="Input"/> or, at most <paramref name="count"/> bytes, unseen. The input is empty.
    /// </summary>
    internal virtual IoTask FillUnseenAsync(int count) => FillAsync();

    /// <summary>
    /// Receives more, into <see cref="Input"/>, which is empty; or the loop passes what comes, if it is short, on to
    /// <paramref name="recipient"/>, and <see cref="PassedOn"/> tells.
    /// </summary>
    /// <param name="recipient">One of the same reactor with an empty output. Nobody sends there meanwhile.</param>
    internal virtual IoTask FillForAsync(Connection recipient) => FillAsync();

    /// <summary>How many bytes the last fill has passed on.</summary>
    internal virtual int PassedOn => 0;

    /// <summary>Forgets the unseen bytes.</summary>
    /// <returns>How many they were.</returns>
    internal virtual int DropUnseen() => 0;

    /// <summary>Bytes of the last flush that have gone, whatever it came to.</summary>
    internal virtual int Flushed => 0;

    /// <summary>
    /// Sends all of <see cref="Output"/> and then what <paramref name="source"/> has received unseen: all of it is
    /// gone, or lost with this connection.
    /// </summary>
    internal virtual IoTask FlushUnseenAsync(Connection source) => throw new NotSupportedException();

    /// <summary>Ends the sending direction.</summary>
    public abstract void ShutdownSend();

    /// <summary>Closes it and gives everything back. What is in flight completes as aborted. Safe to repeat.</summary>
    /// <param name="reset">Whether the other side is told by a reset instead of an orderly end.</param>
    public abstract void Close(bool reset = false);

    /// <summary>
    /// Ends it for whoever uses it: what is in flight completes as aborted, and what comes later fails at once. Its
    /// owner still closes it, and others may hold on to its buffers until then.
    /// </summary>
    public abstract void Abort();

    /// <summary>
    /// When this connection is reset by its other side or closed here, the receive of <paramref name="other"/> fails;
    /// when that has happened already, all of its operations do.
    /// </summary>
    /// <param name="other">What fails with it; null for nothing any more.</param>
    /// <param name="atOnce">Whether to listen from now on, and not only when it takes a while.</param>
    public abstract void AbortWith(Connection? other, bool atOnce = false);

    /// <summary>
    /// Fails, as if this connection were lost, what was to fail with it, and whatever waits on its behalf.
    /// </summary>
    internal virtual void FailDependent()
    {
    }

    /// <summary>
    /// Runs <paramref name="watcher"/> once when this connection is reset by its other side or closed here, also when
    /// that has happened; null withdraws it.
    /// </summary>
    internal abstract void WatchLoss(LoopContinuation? watcher);

    /// <summary>Whether the watch has found it reset, and not merely ended in both directions.</summary>
    internal virtual bool IsBroken => false;

    /// <summary>
    /// Bytes that were flushed and have not come to the other side yet: closing by a reset would throw them away. Asks
    /// the system, and is <see cref="int.MaxValue"/> where that cannot tell.
    /// </summary>
    internal virtual int Owed => 0;

    /// <summary>Whether a watcher of its loss has not been run yet.</summary>
    internal virtual bool IsLossWatched => false;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ClientFacts WriteRemoteText()
    {
        Facts.Write(Remote);
        return Facts;
    }

    /// <summary>Milliseconds that were given last.</summary>
    protected int TimeoutMs { get; private set; }

    /// <summary>
    /// Gives operations in flight so many milliseconds from now; 0 means no limit. A send that moves on is given the
    /// same time again: the limit is meant for one that is stuck.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetTimeout(int milliseconds)
    {
        TimeoutMs = milliseconds;
        if (milliseconds > 0) Reactor.Loop.Timers.Set(this, Reactor.Loop.Now + milliseconds);
        else Reactor.Loop.Timers.Clear(this);
    }
}
