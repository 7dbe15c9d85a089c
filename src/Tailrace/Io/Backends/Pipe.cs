using Tailrace.Memory;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>A pipe(7) that holds bytes between two sockets: splice(2) moves their pages, not the bytes.</summary>
internal sealed class Pipe(PipePool pool, int readEnd, int writeEnd) : UnseenBytes
{
    /// <summary>The most bytes of a receive: others get their turn too.</summary>
    private const int PieceMax = 256 << 10;

    /// <summary>Where bytes come out.</summary>
    internal int ReadEnd { get; } = readEnd;

    /// <summary>Where bytes go in.</summary>
    internal int WriteEnd { get; } = writeEnd;

    /// <summary>Moves what a socket has received into the pipe, which is empty.</summary>
    /// <returns>How many bytes; 0 at the end of the stream, or a negative errno.</returns>
    internal unsafe int Fill(int socket, int bytesMax)
    {
        var wanted = Math.Min(bytesMax, PieceMax);
        var moved = Libc.splice(socket, null, WriteEnd, null, (nuint)wanted, Splice.Flags);
        if (moved < 0) return -Libc.Errno;
        return Length = (int)moved;
    }

    /// <summary>Sends what a socket takes of an operation's buffer and of the pipe that it has behind it.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="operation">The send; its pipe is given back when it is empty, or useless.</param>
    /// <param name="sent">Bytes that went now.</param>
    /// <returns>What the send came to; null when it has to wait for the socket.</returns>
    internal static IoResult? Send(int socket, SendOperation operation, out int sent)
    {
        sent = 0;
        var pipe = (Pipe)operation.Unseen!;
        while (pipe.Length > 0)
        {
            var moved = operation.Buffer.IsEmpty ? pipe.Drain(socket) : SendHead(socket, operation.Buffer);
            if (moved > 0)
            {
                sent += moved;
                operation.Progress += moved;
                continue;
            }
            if (-moved == Errno.Interrupted) continue;
            if (-moved == Errno.Again) return null;
            operation.DropUnseen();
            return LinuxSockets.FailureOf(-moved);
        }
        operation.DropUnseen();
        return IoResult.Success(operation.Progress);
    }

    /// <inheritdoc/>
    internal override void Discard() => pool.Return(this);

    private unsafe int Drain(int socket)
    {
        var moved = Libc.splice(ReadEnd, null, socket, null, (nuint)Length, Splice.Flags);
        if (moved <= 0) return moved < 0 ? -Libc.Errno : -Errno.BrokenPipe;
        Length -= (int)moved;
        return (int)moved;
    }

    private static unsafe int SendHead(int socket, ByteBuffer head)
    {
        var sent = (int)Libc.send(
            socket, head.ReadPointer, (nuint)head.Length, SocketAbi.MsgNoSignal | SocketAbi.MsgMore);
        if (sent < 0) return -Libc.Errno;
        head.Consume(sent);
        return sent;
    }

    /// <summary>Closes both ends.</summary>
    internal void Close()
    {
        Libc.close(ReadEnd);
        Libc.close(WriteEnd);
    }
}
