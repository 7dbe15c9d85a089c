using System.Net;
using Tailrace.Io;
using Tailrace.Memory;

namespace Tailrace.Simulation;

/// <summary>The simulated network: who listens where, and what becomes of bytes.</summary>
/// <remarks>
/// It follows TCP as Linux does it where that matters to a program: closing with bytes unread resets the stream, bytes
/// sent to a closed stream are lost and answered by a reset, a reset is told once.
/// </remarks>
internal sealed class SimNetwork(SimWorld world)
{
    private const int FirstPort = 20_000;
    private const int UnseenBytesMax = 40_000;
    private const int PassedBytesMax = 300;

    private readonly List<SimHandle> _listeners = [];
    private int _ports = FirstPort;

    private long Now => world.Clock.Now;

    /// <summary>Opens a listener.</summary>
    internal SimHandle Listen(SimLoop loop, IPEndPoint address, ListenSettings settings)
    {
        var port = address.Port == 0 ? ++_ports : address.Port;
        foreach (var other in _listeners)
        {
            if (other.Port == port && other.Loop.Host.Equals(loop.Host) && !(other.IsShared && settings.Shared))
                throw new IoException(IoError.AddressInUse, address);
        }
        var listener = new SimHandle
        {
            Loop = loop,
            Port = port,
            IsShared = settings.Shared,
            Backlog = new Queue<SimHandle>(),
            BacklogMax = settings.Backlog,
        };
        _listeners.Add(listener);
        return listener;
    }

    /// <summary>Starts a connect; it is decided when its packets have travelled.</summary>
    internal SimHandle Connect(SimLoop loop, EndPoint target) => new()
    {
        Loop = loop,
        Target = target,
        Remote = NetAddress.From(target),
        DecidedAt = world.Random.Chance(world.Conditions.Silent) ? long.MaxValue : Arrival(),
    };

    /// <summary>How a connect may fail for no reason of its own.</summary>
    internal IoError ConnectError() => world.Random.Below(4) switch
    {
        0 => IoError.OutOfDescriptors,
        1 => IoError.Unreachable,
        2 => IoError.Lost,
        _ => IoError.AddressNotAvailable,
    };

    /// <summary>Decides a connect whose time has come.</summary>
    internal IoResult? TryDecide(SimHandle client)
    {
        if (client.DecidedAt > Now) return null;
        var target = (IPEndPoint)client.Target!;
        var open = _listeners.FindAll(l => l.Port == target.Port && l.Loop.Host.Equals(target.Address));
        if (open.Count == 0 || world.Random.Chance(world.Conditions.Refused)) return IoResult.Failure(IoError.Refused);
        var listener = open[world.Random.Below(open.Count)];
        if (listener.Backlog!.Count == listener.BacklogMax)
        {
            // Linux drops the packet, and the client tries again.
            client.DecidedAt = world.Clock.After(1000);
            return null;
        }
        client.Incoming = new SimPipe();
        client.Outgoing = new SimPipe();
        var server = new SimHandle
        {
            Loop = listener.Loop,
            Incoming = client.Outgoing,
            Outgoing = client.Incoming,
            Remote = NetAddress.From(new IPEndPoint(client.Loop.Host, ++_ports % 40_000 + FirstPort)),
        };
        listener.Backlog.Enqueue(server);
        return IoResult.Success(0);
    }

    /// <summary>Whether a send would get anywhere, or a connect be decided.</summary>
    internal bool CanSend(SimHandle handle)
    {
        if (handle.Outgoing is not { } pipe) return handle.DecidedAt <= Now;
        return pipe.IsEnded || IsResetArrived(handle) || pipe.Held < world.Conditions.WindowBytes;
    }

    /// <summary>Receives what is there, or a part of it.</summary>
    internal IoResult? TryReceive(SimHandle handle, IoOperation operation)
    {
        if (world.Random.Chance(world.Conditions.Reset)) Break(handle);
        var pipe = handle.Incoming!;
        if (!pipe.IsReadable(Now)) return null;
        if (operation.UnseenMax < 0 && world.Random.Chance(world.Conditions.PassedOn) && PassOn(handle, operation) is { } passed)
            return passed;
        var isUnseen = operation.UnseenMax > 0 && world.Random.Chance(world.Conditions.Unseen);
        if (!isUnseen && !operation.Buffer.TryReserve(1)) return IoResult.Failure(IoError.NoBuffers);
        var count = isUnseen ? ReadUnseen(handle, operation) : Read(pipe, operation.Buffer);
        handle.Received += count;
        if (count > 0) return IoResult.Success(count);
        operation.Buffer.Release();
        if (!IsResetArrived(handle)) return IoResult.Success(0);
        handle.HasToldReset = true;
        return IoResult.Failure(LossOf(handle));
    }

    private int Read(SimPipe pipe, ByteBuffer buffer)
    {
        var target = buffer.Writable;
        if (world.Random.Chance(world.Conditions.ShortRead)) target = target[..world.Random.Between(1, target.Length)];
        var count = pipe.Read(target, Now);
        buffer.Commit(count);
        return count;
    }

    /// <summary>Sends what came on to the recipient, if that takes it at once.</summary>
    private IoResult? PassOn(SimHandle handle, IoOperation operation)
    {
        if (handle.Recipient is not SimHandle { Sending: null } recipient || !HasRoom(recipient, PassedBytesMax)) return null;
        var bytes = new byte[world.Random.Between(1, PassedBytesMax)];
        var count = handle.Incoming!.Read(bytes, Now);
        // Its end, or a reset, is told as ever.
        if (count == 0) return null;
        handle.Received += count;
        operation.PassedOn = count;
        if (world.Faults.Strikes()) Break(recipient);
        else Send(recipient, bytes.AsSpan(0, count));
        return IoResult.Success(count);
    }

    private int ReadUnseen(SimHandle handle, IoOperation operation)
    {
        var bytes = new byte[world.Random.Between(1, Math.Min(operation.UnseenMax, UnseenBytesMax))];
        var count = handle.Incoming!.Read(bytes, Now);
        if (count > 0) operation.Unseen = new SimUnseen(handle.Loop, bytes.AsMemory(0, count));
        return count;
    }

    /// <summary>Sends what the window takes; done when all has gone.</summary>
    internal IoResult? TrySend(SimHandle handle, SendOperation operation)
    {
        if (world.Random.Chance(world.Conditions.Reset)) Break(handle);
        var pipe = handle.Outgoing!;
        if (IsResetArrived(handle) && !handle.HasToldReset)
        {
            handle.HasToldReset = true;
            return IoResult.Failure(LossOf(handle));
        }
        if (pipe.IsEnded || pipe.IsReset || IsResetArrived(handle)) return IoResult.Failure(IoError.BrokenPipe);
        var unseen = (SimUnseen?)operation.Unseen;
        while (operation.Buffer.Length + operation.BodyLength + (unseen?.Length ?? 0) > 0)
        {
            var head = operation.Buffer.Unread;
            var bytes = !head.IsEmpty ? head
                : unseen is not null ? unseen.Bytes.Span : operation.Body!.Unread[..operation.BodyLength];
            var room = world.Conditions.WindowBytes - pipe.Held;
            var segment = world.Random.Between(1, world.Conditions.SegmentBytesMax);
            var count = Math.Min(Math.Min(bytes.Length, room), segment);
            if (count <= 0) return null;
            pipe.Write(bytes[..count], Arrival());
            if (pipe.IsAbandoned) handle.Incoming!.Reset(Now, Arrival(), world.Random.Chance(500));
            if (head.IsEmpty && unseen is not null) unseen.Take(count, operation);
            else operation.Advance(count);
            handle.Sent += count;
        }
        operation.DropUnseen();
        return IoResult.Success(operation.Progress);
    }

    /// <summary>Whether so many bytes can be taken at once.</summary>
    internal bool HasRoom(SimHandle handle, int count) =>
        handle.Outgoing is { IsEnded: false, IsReset: false, IsAbandoned: false } pipe
        && !IsResetArrived(handle) && world.Conditions.WindowBytes - pipe.Held >= count;

    /// <summary>Bytes that have not come to the other side yet.</summary>
    internal int OwedTo(SimHandle handle) => handle.Outgoing?.Owed(Now, world.Conditions.ReceiverBytes) ?? 0;

    /// <summary>Sends bytes for which there is room.</summary>
    internal void Send(SimHandle handle, ReadOnlySpan<byte> bytes)
    {
        handle.Sent += bytes.Length;
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, world.Random.Between(1, world.Conditions.SegmentBytesMax));
            handle.Outgoing!.Write(bytes[..count], Arrival());
            bytes = bytes[count..];
        }
    }

    /// <summary>Ends the sending direction.</summary>
    internal void ShutdownSend(SimHandle handle) => handle.Outgoing?.End(Arrival());

    /// <summary>Ends both directions as Linux does when a program closes its descriptor.</summary>
    internal void Close(SimHandle handle, bool reset)
    {
        if (handle.Backlog is { } backlog)
        {
            _listeners.Remove(handle);
            while (backlog.TryDequeue(out var waiting)) Close(waiting, reset: true);
            return;
        }
        if (handle.Incoming is not { } incoming) return;
        if (reset || incoming.Held > 0) handle.Outgoing!.Reset(Now, Arrival(), world.Random.Chance(500));
        else handle.Outgoing!.End(Arrival());
        incoming.Abandon();
    }

    /// <summary>
    /// The network resets a stream, so that both sides will learn it; or this side's system gives it up, and the other
    /// side is reset.
    /// </summary>
    internal void Break(SimHandle handle)
    {
        if (handle.Loss == IoError.None && !handle.Incoming!.IsReset) handle.Loss = DrawLoss();
        var arrival = handle.Loss == IoError.None ? Arrival() : Now;
        handle.Incoming!.Reset(Now, arrival, world.Random.Chance(500));
        handle.Outgoing!.Reset(Now, Arrival(), world.Random.Chance(500));
    }

    /// <summary>What becomes of a stream for no reason of its own; nothing for a reset.</summary>
    private IoError DrawLoss() => world.Random.Below(6) switch
    {
        0 => IoError.Lost,
        1 => IoError.Unreachable,
        2 => IoError.GivenUp,
        _ => IoError.None,
    };

    /// <summary>What the end of a broken stream is told as.</summary>
    internal static IoError LossOf(SimHandle handle) => handle.Loss == IoError.None ? IoError.Reset : handle.Loss;

    /// <summary>Whether this side has been reset.</summary>
    internal bool IsResetArrived(SimHandle handle) => handle.Incoming is { } pipe && pipe.ResetsAt <= Now;

    private long Arrival()
    {
        var isDelayed = world.Random.Chance(world.Conditions.Delayed);
        var longest = isDelayed ? world.Conditions.DelayMsMax : world.Conditions.LatencyMsMax;
        return world.Clock.After(world.Random.Between(0, longest));
    }
}
