using Tailrace.Memory;
using Tailrace.Telemetry;

namespace Tailrace.Io;

/// <summary>One thread and all that it owns: event loop, buffers, connections, counters. Shared-nothing.</summary>
/// <remarks>Other threads reach it only by posting to its loop.</remarks>
public sealed class Reactor : IDisposable
{
    private readonly Thread _thread;
    private readonly int _processor;
    private Action<IoException?>? _prepared;
    private volatile WorkClock? _work;

    /// <summary>Creates a reactor; <see cref="Start"/> runs it.</summary>
    /// <param name="index">Its number, from 0.</param>
    /// <param name="loop">The loop; the reactor disposes of it.</param>
    /// <param name="buffers">The block pools; the reactor disposes of them.</param>
    /// <param name="processor">The processor to pin the thread to, or -1.</param>
    public Reactor(int index, EventLoop loop, BufferPools buffers, int processor = -1)
    {
        Index = index;
        Loop = loop;
        loop.Counters = Counters;
        Buffers = buffers;
        _processor = processor;
        _thread = new Thread(Run) { Name = $"tailrace-{index}", IsBackground = true };
    }

    /// <summary>Its number, from 0.</summary>
    public int Index { get; }

    /// <summary>Its loop.</summary>
    public EventLoop Loop { get; }

    /// <summary>Its block pools.</summary>
    public BufferPools Buffers { get; }

    /// <summary>What it has counted.</summary>
    public Counters Counters { get; } = new();

    /// <summary>The values of <see cref="ReactorLocal{T}"/>, by whose they are.</summary>
    internal Dictionary<object, object> Locals { get; } = [];

    /// <summary>Why its thread is not pinned as asked for; null where it is. Known once it is prepared.</summary>
    internal string? PinRefusal { get; private set; }

    /// <summary>
    /// Told on its thread, as the last thing, that the system does not let the loop go on. All that the loop had open
    /// is closed by then. Null: such an error ends the process as unhandled.
    /// </summary>
    internal Action<IoException>? Failed { get; set; }

    /// <summary>Ends, on its thread and before <see cref="Failed"/>, what a loop that cannot go on has open.</summary>
    internal Action? Failing { get; set; }

    /// <summary>Whether that has happened: nothing that is posted to it will run. Any thread.</summary>
    internal bool HasFailed => Loop.IsDown;

    /// <summary>Nanoseconds of work that its thread has had; 0 where nobody knows. Any thread.</summary>
    internal long WorkTime => _work?.Read() ?? 0;

    internal FreeList<SocketConnection> FreeConnections { get; } = new(1 << 14);

    /// <summary>What connections in tunnels have given back until bytes come.</summary>
    internal FreeList<ByteBuffer> FreeBuffers { get; } = new(1 << 14);

    /// <summary>The same of sends.</summary>
    internal FreeList<SendOperation> FreeSends { get; } = new(1 << 14);

    internal FreeList<ClientFacts> FreeFacts { get; } = new(1 << 14);

    /// <summary>The buffer of those who have none: it is empty, and has no room.</summary>
    internal ByteBuffer NoBuffer { get; } = ByteBuffer.WithoutRoom();

    /// <summary>A buffer that holds no block.</summary>
    internal ByteBuffer RentBuffer() => FreeBuffers.TryTake() ?? new ByteBuffer(Buffers);

    /// <summary>Starts the thread.</summary>
    /// <param name="prepared">
    /// Told on that thread, once, whether the loop runs; with an error it does not, and the thread ends.
    /// </param>
    public void Start(Action<IoException?>? prepared = null)
    {
        _prepared = prepared;
        _thread.Start();
    }

    /// <summary>Ends the loop and waits for the thread, unless that is the calling one.</summary>
    public void Stop()
    {
        Loop.Stop();
        if (_thread != Thread.CurrentThread && _thread.IsAlive) _thread.Join();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!HasFailed) Loop.Dispose();
        Buffers.Dispose();
        _work?.Dispose();
    }

    private void Run()
    {
        if (_processor >= 0) PinRefusal = Loops.PinCurrentThread(_processor);
        _work = new WorkClock();
        try
        {
            Loop.Prepare();
        }
        catch (IoException refusal) when (_prepared is not null)
        {
            _prepared(refusal);
            return;
        }
        _prepared?.Invoke(null);
        try
        {
            Loop.Run();
        }
        catch (IoException failure) when (Failed is not null)
        {
            if (Failing is { } end) Loop.RunOut(end);
            Loop.Fail();
            Failed(failure);
        }
    }
}
