using System.Runtime.InteropServices;

namespace Tailrace.Native;

/// <summary>Constants, layouts and system calls of io_uring(7), which go by number: no C library wraps them.</summary>
/// <remarks>The numbers are the same on every architecture that .NET runs on.</remarks>
internal static unsafe partial class Uring
{
    internal const uint SetupCqSize = 1 << 3;
    internal const uint SetupClamp = 1 << 4;
    internal const uint SetupDisabled = 1 << 6;
    internal const uint SetupSubmitAll = 1 << 7;
    internal const uint SetupSingleIssuer = 1 << 12;
    internal const uint SetupDeferTaskRun = 1 << 13;
    internal const uint SetupNoSqArray = 1 << 16;

    internal const uint FeatureSingleMap = 1 << 0;
    internal const uint FeatureNoDrop = 1 << 1;
    internal const uint FeatureExtArg = 1 << 8;
    internal const uint FeatureSkip = 1 << 11;
    internal const uint FeatureMinTimeout = 1 << 15;
    internal const uint FeatureNoIoWait = 1 << 17;

    internal const uint EnterGetEvents = 1 << 0;
    internal const uint EnterExtArg = 1 << 3;
    internal const uint EnterRegisteredRing = 1 << 4;
    internal const uint EnterNoIoWait = 1 << 7;

    internal const uint RegisterEnableRings = 12;
    internal const uint RegisterRingFds = 20;
    internal const uint UnregisterRingFds = 21;
    internal const uint RegisterBufferRing = 22;

    internal const byte OpPollAdd = 6;
    internal const byte OpAccept = 13;
    internal const byte OpAsyncCancel = 14;
    internal const byte OpClose = 19;
    internal const byte OpRead = 22;
    internal const byte OpSend = 26;
    internal const byte OpReceive = 27;

    internal const byte SqeBufferSelect = 1 << 5;
    internal const byte SqeSkipSuccess = 1 << 6;

    internal const ushort ReceivePollFirst = 1;
    internal const ushort ReceiveMultishot = 1 << 1;
    internal const ushort AcceptMultishot = 1 << 0;

    internal const uint CancelAll = 1 << 0;
    internal const uint CancelAny = 1 << 2;

    internal const uint CqeMore = 1 << 1;
    internal const int CqeBufferShift = 16;

    internal const uint SqOverflow = 1 << 1;

    internal const long OffsetRings = 0;
    internal const long OffsetSqes = 0x10000000;

    internal const uint PollMultishot = 1 << 0;
    internal const uint PollIn = 0x1;
    internal const uint PollOut = 0x4;
    internal const uint PollError = 0x8;
    internal const uint PollHangUp = 0x10;
    internal const uint PollReadHangUp = 0x2000;

    private const string Library = "libc";
    private const int NumberOfSetup = 425;
    private const int NumberOfEnter = 426;
    private const int NumberOfRegister = 427;

    /// <summary>io_uring_setup(2).</summary>
    internal static int Setup(uint entries, Params* parameters) =>
        (int)Call(NumberOfSetup, (nint)entries, (nint)parameters, 0, 0, 0, 0);

    /// <summary>io_uring_enter2(2).</summary>
    internal static int Enter(int fd, uint submit, uint complete, uint flags, void* argument, nint argumentBytes) =>
        (int)Call(NumberOfEnter, fd, (nint)submit, (nint)complete, (nint)flags, (nint)argument, argumentBytes);

    /// <summary>io_uring_register(2).</summary>
    internal static int Register(int fd, uint what, void* argument, uint count) =>
        (int)Call(NumberOfRegister, fd, (nint)what, (nint)argument, (nint)count, 0, 0);

    [LibraryImport(Library, EntryPoint = "syscall")]
    private static partial nint Call(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    /// <summary>struct io_uring_sqe.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    internal struct Sqe
    {
        internal byte Opcode;
        internal byte Flags;
        internal ushort Priority;
        internal int Descriptor;
        internal ulong Offset;
        internal ulong Address;
        internal uint Length;
        internal uint OpFlags;
        internal ulong UserData;
        internal ushort BufferGroup;
        internal ushort Personality;
        internal uint FileIndex;
        internal ulong Address3;
        internal ulong Reserved;
    }

    /// <summary>struct io_uring_cqe.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 16)]
    internal struct Cqe
    {
        internal ulong UserData;
        internal int Outcome;
        internal uint Flags;
    }

    /// <summary>struct io_sqring_offsets and struct io_cqring_offsets, which have the same size.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal struct Offsets
    {
        internal uint Head;
        internal uint Tail;
        internal uint Mask;
        internal uint Entries;

        /// <summary>Submissions: flags. Completions: overflow.</summary>
        internal uint Fifth;

        /// <summary>Submissions: dropped. Completions: the entries.</summary>
        internal uint Sixth;

        /// <summary>Submissions: the array of indexes. Completions: flags.</summary>
        internal uint Seventh;
    }

    /// <summary>struct io_uring_params.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 120)]
    internal struct Params
    {
        internal uint SqEntries;
        internal uint CqEntries;
        internal uint Flags;
        internal uint ThreadCpu;
        internal uint ThreadIdle;
        internal uint Features;
        internal uint WorkQueue;
        internal fixed uint Reserved[3];
        internal Offsets Sq;
        internal Offsets Cq;
    }

    /// <summary>struct io_uring_getevents_arg.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct GetEventsArgument
    {
        internal ulong SignalMask;
        internal uint SignalMaskBytes;
        internal uint MinWaitMicroseconds;
        internal ulong Timeout;
    }

    /// <summary>struct __kernel_timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Timespec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }

    /// <summary>struct io_uring_buf: an entry of a ring of provided buffers.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 16)]
    internal struct BufferEntry
    {
        internal ulong Address;
        internal uint Length;
        internal ushort Id;

        /// <summary>In the first entry of a ring: its tail.</summary>
        internal ushort Tail;
    }

    /// <summary>struct io_uring_buf_reg.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal struct BufferRegistration
    {
        internal ulong Ring;
        internal uint Entries;
        internal ushort Group;
    }

    /// <summary>struct io_uring_rsrc_update, as it is used to register ring descriptors.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 16)]
    internal struct ResourceUpdate
    {
        internal uint Offset;
        internal uint Reserved;
        internal ulong Data;
    }
}
