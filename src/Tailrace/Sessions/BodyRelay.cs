using System.Runtime.CompilerServices;
using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Sessions;

/// <summary>How a relayed body came to its end.</summary>
internal enum RelayEnd : byte
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>All of it was read and written; the last bytes may still wait in the output.</summary>
    Complete,

    /// <summary>Reading failed.</summary>
    ReadFailed,

    /// <summary>The stream ended before the body did.</summary>
    Truncated,

    /// <summary>The body broke the rules.</summary>
    Rejected,

    /// <summary>Writing failed.</summary>
    WriteFailed,
}

/// <summary>How a relayed body came to its end, and why.</summary>
/// <param name="End">How.</param>
/// <param name="Error">The error of the read or write that failed.</param>
internal readonly record struct RelayResult(RelayEnd End, IoError Error = IoError.None);

/// <summary>Moves a body from one connection to another, piece by piece, in constant memory.</summary>
/// <remarks>
/// Reads no more before the piece in hand has been taken by the receiving side: back-pressure by not reading. The last
/// bytes are left in the output for the caller to flush.
/// </remarks>
internal static class BodyRelay
{
    /// <summary>Receives in a row before others get their turn.</summary>
    private const int TurnPiecesMax = 16;

    /// <summary>
    /// Moves a short body that has been received whole into the target's output, without waiting for anything.
    /// </summary>
    /// <returns>False when it is not such a body; then nothing has been touched.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryRunBuffered(BodyReader reader, ByteBuffer source, BodyWriter writer)
    {
        if (!reader.IsEnded)
        {
            if (reader.Remaining < 0 || reader.Remaining > Math.Min(source.Length, BodyWriter.CopyMax)) return false;
            if (!writer.TryAppend(source.Unread[..(int)reader.Remaining])) return false;
            reader.Next(out var count);
            source.Consume(count);
        }
        return writer.TryEnd(default);
    }

    /// <summary>Moves a body of any kind and size.</summary>
    internal static async LoopTask<RelayResult> RunAsync(
        BodyReader reader, Connection source, int readTimeoutMs,
        BodyWriter writer, Connection target, int writeTimeoutMs)
    {
        var turn = 0;
        var gauge = BulkGauge.Bulk(source.Reactor.Loop);
        while (true)
        {
            switch (reader.Next(out var count))
            {
                case BodyStep.Data:
                    if (writer.TryCopy(source.Input, count)) continue;
                    var behind = source.Input.Length - count;
                    var sent = writer.HasRoom ? default : await FlushAsync(target, writeTimeoutMs);
                    if (!sent.IsError)
                    {
                        var send = writer.SendAsync(source.Input, count);
                        if (!send.IsCompleted) target.SetTimeout(writeTimeoutMs);
                        sent = await send;
                    }
                    if (!sent.IsError) continue;
                    // What was given out of the body and has not gone must not be read as the next message.
                    source.Input.Consume(Math.Max(source.Input.Length - behind, 0));
                    return new RelayResult(RelayEnd.WriteFailed, sent.Error);

                case BodyStep.NeedMore:
                    var flushed = await FlushAsync(target, writeTimeoutMs);
                    if (flushed.IsError) return new RelayResult(RelayEnd.WriteFailed, flushed.Error);
                    target.Output.Release();
                    source.Input.Release();
                    // Two fast sides could go on for ever without a wait: others get their turn.
                    if (++turn % TurnPiecesMax == 0)
                    {
                        await source.Reactor.Loop.YieldAsync();
                        // Meanwhile there was nothing that could have been cancelled.
                        if (writer.IsStopped) return new RelayResult(RelayEnd.ReadFailed, IoError.Cancelled);
                    }
                    source.SetTimeout(readTimeoutMs);
                    var fill = Fill(reader, source, writer, target, gauge);
                    if (!fill.IsCompleted && writer.TrySettle())
                    {
                        flushed = await FlushAsync(target, writeTimeoutMs);
                        if (flushed.IsError) source.CancelFill();
                        else target.Output.Release();
                    }
                    var received = await fill;
                    var unseen = source.Unseen;
                    if (unseen > 0) reader.Skip(unseen);
                    if (flushed.IsError) return Failed(source, RelayEnd.WriteFailed, flushed.Error);
                    if (received.IsError) return Failed(source, RelayEnd.ReadFailed, received.Error);
                    if (received.Bytes == 0 && !reader.EndOfStream()) return new RelayResult(RelayEnd.Truncated);
                    gauge.Received(source.Reactor.Loop, received.Bytes, unseen > 0);
                    if (unseen == 0) continue;
                    var passing = writer.SendUnseenAsync(source);
                    if (!passing.IsCompleted) target.SetTimeout(writeTimeoutMs);
                    var passed = await passing;
                    if (passed.IsError) return Failed(source, RelayEnd.WriteFailed, passed.Error);
                    continue;

                case BodyStep.End:
                    return await EndAsync(reader, writer, target, writeTimeoutMs);

                default:
                    return new RelayResult(RelayEnd.Rejected);
            }
        }
    }

    /// <summary>Receives more of a body: unseen where it comes in bulk and nobody has to look at it.</summary>
    private static IoTask Fill(
        BodyReader reader, Connection source, BodyWriter writer, Connection target, BulkGauge gauge) =>
        reader.Ahead is var ahead && gauge.IsBulk(source.Reactor.Loop, ahead) && target.SendsUnseen
            && !writer.IsDiscarding
            ? source.FillUnseenAsync(ahead)
            : source.FillAsync();

    /// <summary>Unseen bytes that have not gone are forgotten: they belong to no later message.</summary>
    private static RelayResult Failed(Connection source, RelayEnd end, IoError error)
    {
        source.DropUnseen();
        return new RelayResult(end, error);
    }

    private static async LoopTask<RelayResult> EndAsync(
        BodyReader reader, BodyWriter writer, Connection target, int timeoutMs)
    {
        if (!writer.TryEnd(reader.Trailers))
        {
            // What waits in the output leaves no room for the end.
            var gone = await FlushAsync(target, timeoutMs);
            if (gone.IsError) return new RelayResult(RelayEnd.WriteFailed, gone.Error);
            if (!writer.TryEnd(reader.Trailers)) return new RelayResult(RelayEnd.WriteFailed, IoError.NoBuffers);
        }
        reader.TakeTrailers();
        return new RelayResult(RelayEnd.Complete);
    }

    private static IoTask FlushAsync(Connection target, int timeoutMs)
    {
        var flush = target.FlushAsync();
        if (!flush.IsCompleted) target.SetTimeout(timeoutMs);
        return flush;
    }
}
