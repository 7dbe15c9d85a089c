using Tailrace.Io;

namespace Tailrace.Simulation;

/// <summary>Bytes that a simulated system keeps between a receive and a send.</summary>
internal sealed class SimUnseen : UnseenBytes
{
    private readonly SimLoop _loop;

    internal SimUnseen(SimLoop loop, ReadOnlyMemory<byte> bytes)
    {
        _loop = loop;
        Bytes = bytes;
        Length = bytes.Length;
        _loop.Unseen++;
    }

    /// <summary>What is still to be sent.</summary>
    internal ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>Takes bytes that a send has sent.</summary>
    internal void Take(int count, SendOperation operation)
    {
        Bytes = Bytes[count..];
        Length -= count;
        operation.Progress += count;
    }

    /// <inheritdoc/>
    internal override void Discard() => _loop.Unseen--;
}
