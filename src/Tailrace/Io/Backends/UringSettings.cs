using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>The sizes of a <see cref="UringLoop"/>'s rings. Tests make them small.</summary>
internal sealed record UringSettings
{
    /// <summary>Entries of the submission queue; more than a turn submits costs one more system call.</summary>
    internal uint Submissions { get; init; } = 256;

    /// <summary>Entries of the completion queue. The kernel keeps what does not fit, but slowly.</summary>
    internal uint Completions { get; init; } = 4096;

    /// <summary>Buffers for receiving that lie ready at first.</summary>
    internal int Receives { get; init; } = 64;

    /// <summary>The most buffers for receiving; a power of two.</summary>
    internal int ReceivesMax { get; init; } = 2048;

    /// <summary>Bytes of the small sends that may be under way; few enough to stay in a processor's cache.</summary>
    internal uint SendBytes { get; init; } = 1 << 17;

    /// <summary>Bytes of a buffer for receiving, and of the largest send that is copied and answered at once.</summary>
    internal int BufferBytes { get; init; } = 4096;

    /// <summary>What is asked of the kernel at set-up, and done without where it does not know it.</summary>
    internal uint Optional { get; init; } = Uring.SetupNoSqArray;

    /// <summary>
    /// Receives wait for an event before they look: what ends behind bytes then looks like what ends while a receive is
    /// being armed. For tests; it would cost every first message.
    /// </summary>
    internal bool PollsFirst { get; init; }
}
