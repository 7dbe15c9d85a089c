using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>The pipes of one loop, of which each carries bulk between two sockets for a moment.</summary>
/// <remarks>
/// A pipe is rented when bytes are there and comes back when they have gone on, so there are as many as there are
/// receivers who are behind. Their number is bounded; who gets none copies. Used on the loop's thread only.
/// </remarks>
internal sealed class PipePool(DescriptorReserve reserve, int limit) : IDisposable
{
    /// <summary>
    /// From how many bytes on two splices cost clearly less than a receive and a send: docs/internals/bulk.md.
    /// </summary>
    internal const int WorthBytes = 16 << 10;

    /// <summary>What a pipe is sized for, by the kernel's count of pages; a receive may bring larger ones.</summary>
    private const int SizeBytes = 256 << 10;

    /// <summary>Empty pipes that are kept.</summary>
    private const int RetainedMax = 16;

    private readonly Stack<Pipe> _free = new(RetainedMax);
    private int _open;

    /// <summary>Pipes that are rented.</summary>
    internal int Rented => _open - _free.Count;

    /// <summary>Rents an empty pipe, or null when there are enough, or no descriptors for another.</summary>
    internal Pipe? TryRent()
    {
        if (_free.TryPop(out var pipe)) return pipe;
        if (_open >= limit || reserve.IsAllThatIsLeft) return null;
        pipe = TryOpen();
        if (pipe is not null) _open++;
        return pipe;
    }

    /// <summary>Takes a pipe back. One that is not empty is closed: its bytes are nobody else's.</summary>
    internal void Return(Pipe pipe)
    {
        if (pipe.Length == 0 && _free.Count < RetainedMax)
        {
            _free.Push(pipe);
            return;
        }
        pipe.Close();
        _open--;
    }

    /// <summary>Closes the empty pipes.</summary>
    public void Dispose()
    {
        while (_free.TryPop(out var pipe))
        {
            pipe.Close();
            _open--;
        }
    }

    private unsafe Pipe? TryOpen()
    {
        var ends = stackalloc int[2];
        if (Libc.pipe2(ends, SocketAbi.SockNonblock | SocketAbi.SockCloexec) < 0) return null;
        // A user has a limit of pages for all pipes; beyond it they stay as they are.
        Libc.fcntl(ends[0], Splice.SetPipeSize, SizeBytes);
        var pipe = new Pipe(this, ends[0], ends[1]);
        if (!reserve.Touches(ends[0]) && !reserve.Touches(ends[1])) return pipe;
        pipe.Close();
        return null;
    }
}
