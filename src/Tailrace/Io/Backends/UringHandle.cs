namespace Tailrace.Io.Backends;

/// <summary>What the kernel has in hand for a descriptor; each is one request with completions still to come.</summary>
[Flags]
internal enum UringWork : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A multishot receive.</summary>
    Receive = 1,

    /// <summary>A poll for something to read.</summary>
    ReadPoll = 2,

    /// <summary>A poll for room to write, or for the end of a connect.</summary>
    WritePoll = 4,

    /// <summary>An accept, multishot or not.</summary>
    Accept = 8,

    /// <summary>A poll for a reset.</summary>
    Watch = 16,

    /// <summary>A poll for datagrams, as often as some come.</summary>
    Datagrams = 32,
}

/// <summary>What a socket had no room for: memory of its own, until it has gone.</summary>
/// <remarks>
/// Made when a handle first needs it, and kept with it. Once the stream is closed it has a limit of time.
/// </remarks>
internal sealed class UringRest(UringLoop loop, UringHandle handle) : TimerEntry
{
    /// <summary>The memory; 0 when there is no rest.</summary>
    internal nint Memory;

    /// <summary>Bytes there.</summary>
    internal int Length;

    /// <summary>How many of them have been sent.</summary>
    internal int Sent;

    /// <summary>The stream is closed, and the time for its last bytes runs.</summary>
    internal bool IsLast;

    /// <summary>How that time runs.</summary>
    internal LastBytes Last;

    /// <summary>Nobody takes the last bytes, or they are taken slowly.</summary>
    protected internal override void OnDeadline() => loop.GiveUp(handle);
}

/// <summary>What a listener has accepted.</summary>
/// <param name="backlog">The connections that may wait in the kernel.</param>
internal sealed class UringAccepts(int backlog)
{
    /// <summary>The connections that may wait in the kernel.</summary>
    internal int Backlog { get; } = backlog;

    /// <summary>Descriptors that nobody has asked for.</summary>
    internal Queue<int> Waiting { get; } = new();
}

/// <summary>What the io_uring loop knows of one descriptor.</summary>
/// <remarks>
/// It keeps its slot for ever, and is used again for another descriptor when it is closed and the last completion of
/// what the kernel had in hand has come.
/// </remarks>
internal sealed class UringHandle : LinuxHandle
{
    /// <summary>Its place in the loop's table.</summary>
    internal readonly int Slot;

    /// <summary>The first of the buffers that hold received bytes nobody has asked for.</summary>
    internal short FirstWaiting = UringReceives.None;

    /// <summary>The last of them.</summary>
    internal short LastWaiting = UringReceives.None;

    /// <summary>Where the last small send ends among the loop's; it is under way until that is settled.</summary>
    internal ulong SendEnd;

    /// <summary>
    /// When nothing was received: the line of <see cref="UringSends"/> where its last send ends, which may have been
    /// told why. 0 for none, or for one of many: then it is noted once more.
    /// </summary>
    internal ushort EndsBehind;

    /// <summary>Where it lies.</summary>
    internal nint SendPlace;

    /// <summary>Bytes of it.</summary>
    internal ushort SendLength;

    /// <summary>Its position among all that was ever submitted.</summary>
    internal uint SendPosition;

    /// <summary>What the socket had no room for, once that has happened; see <see cref="HasRest"/>.</summary>
    internal UringRest? Rest;

    /// <summary>Whether there is any of it.</summary>
    internal bool HasRest;

    /// <summary>Something waits for the end of the last small send.</summary>
    internal bool IsAfterSend;

    /// <summary>The last window of <see cref="UringPace"/> in which it received something.</summary>
    internal ushort Window;

    /// <summary>How many buffers began to wait since none did.</summary>
    internal ushort WaitingCount;

    /// <summary>How many buffers with what it has received nobody has looked at.</summary>
    internal ushort PutOffCount;

    /// <summary>What the kernel has in hand.</summary>
    internal UringWork Work;

    /// <summary>The multishot receive or accept is being cancelled.</summary>
    internal bool IsStopping;

    /// <summary>The multishot receive has brought nothing since it was armed: see UringLoop.HearEnd.</summary>
    internal bool IsFresh;

    /// <summary>Bytes come faster than they are asked for: received by direct calls, with back-pressure.</summary>
    internal bool IsBulk;

    /// <summary>The end of the stream was received.</summary>
    internal bool IsEnded;

    /// <summary>The error that receiving came to; later sends fail with it as well.</summary>
    internal IoError ReceiveError;

    /// <summary>What a listener of streams has accepted; null for others.</summary>
    internal UringAccepts? Accepts;

    /// <summary>Whether it waits to be used again.</summary>
    internal bool IsFree;

    /// <summary>Makes a handle for a slot.</summary>
    internal UringHandle(int slot) => Slot = slot;

    /// <summary>Begins a new use.</summary>
    internal void Reset(int descriptor)
    {
        Begin(descriptor);
        Generation++;
        IsStopping = IsFresh = IsBulk = IsEnded = IsAfterSend = IsFree = false;
        ReceiveError = IoError.None;
        Accepts = null;
        WaitingCount = 0;
        EndsBehind = 0;
    }

    /// <summary>Whether the kernel has any of this in hand.</summary>
    internal bool Has(UringWork work) => (Work & work) != 0;
}
