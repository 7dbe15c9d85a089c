using Tailrace.Memory;

namespace Tailrace.Io;

/// <summary>A send, or the connect before it.</summary>
public sealed class SendOperation : IoOperation
{
    private ByteBuffer? _body;

    /// <summary>What goes behind the <see cref="IoOperation.Buffer"/>, where there is a length of it.</summary>
    internal ByteBuffer? Body
    {
        get => _body;
        set => RepeatedReference.Keep(ref _body, value);
    }

    /// <summary>How many bytes of <see cref="Body"/> are still to go.</summary>
    internal int BodyLength { get; set; }

    /// <summary>Bytes sent so far. Back ends count here.</summary>
    internal int Progress { get; set; }

    /// <summary>The progress that its connection's deadline has seen.</summary>
    internal int ProgressSeen { get; set; }

    /// <summary>Back end: counts sent bytes and consumes them from both buffers.</summary>
    /// <returns>True when nothing is left to send.</returns>
    internal bool Advance(int sent)
    {
        Progress += sent;
        var head = Buffer;
        var fromHead = Math.Min(sent, head.Length);
        head.Consume(fromHead);
        if (sent > fromHead)
        {
            Body!.Consume(sent - fromHead);
            BodyLength -= sent - fromHead;
        }
        return head.IsEmpty && BodyLength == 0;
    }

    /// <inheritdoc/>
    internal override void Forget()
    {
        base.Forget();
        _body = null;
    }
}
