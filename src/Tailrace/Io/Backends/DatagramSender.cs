using System.Diagnostics;
using System.Runtime.InteropServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>Sends datagrams of a loop's batch by sendmmsg(2), several of one length as one where it can.</summary>
/// <remarks>
/// A row of datagrams of equal length to one place, the last of which may be shorter, goes through the kernel's network
/// code once (UDP_SEGMENT, udp(7)). A way that does not allow that, because they are longer than its packets or
/// the device cannot, gets them one by one.
/// </remarks>
internal sealed unsafe class DatagramSender : IDisposable
{
    private const int Capacity = DatagramBatch.Capacity;

    /// <summary>Bytes that several datagrams may have together: one of theirs has to hold them.</summary>
    private const int TogetherBytesMax = 65_507;

    /// <summary>Datagrams that older kernels take together.</summary>
    private const int TogetherMax = 64;

    private const int NameStride = 32;
    private const int ControlStride = 64;

    private readonly DatagramBatch _batch;
    private readonly byte* _memory;
    private readonly DatagramAbi.Entry* _entries;
    private readonly SocketAbi.Vector* _vectors;
    private readonly byte* _names;
    private readonly byte* _controls;
    private readonly Part[] _parts = new Part[Capacity];
    private int _count;
    private int _vectorCount;

    /// <summary>Reserves the headers.</summary>
    internal DatagramSender(DatagramBatch batch)
    {
        _batch = batch;
        var bytes = sizeof(DatagramAbi.Entry) + sizeof(SocketAbi.Vector) + NameStride + ControlStride;
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)(bytes * Capacity));
        _entries = (DatagramAbi.Entry*)_memory;
        _vectors = (SocketAbi.Vector*)(_entries + Capacity);
        _names = (byte*)(_vectors + Capacity);
        _controls = _names + NameStride * Capacity;
    }

    /// <summary>Sends runs; each says what became of it.</summary>
    internal void Send(int fd, IoHandle socket, Span<DatagramRun> runs)
    {
        _count = _vectorCount = 0;
        for (var i = 0; i < runs.Length; i++) Add(i, ref runs[i], (socket.Traits & DatagramTraits.Segments) != 0);
        if (_count == 1 && _entries[0].Message.Name == null && _entries[0].Message.VectorCount == 1
            && _entries[0].Message.ControlLength == 0)
        {
            // Most often a session's one datagram: the plain call is the cheapest.
            var sent = Libc.send(fd, _vectors->Base, _vectors->Length, SocketAbi.MsgNoSignal);
            if (sent >= 0) Count(ref runs[0], _parts[0]);
            else Fail(0, Libc.Errno, fd, socket, runs);
            return;
        }
        for (var next = 0; next < _count;)
        {
            var sent = Libc.sendmmsg(fd, _entries + next, (uint)(_count - next), SocketAbi.MsgNoSignal);
            if (sent < 0)
            {
                next = Fail(next, Libc.Errno, fd, socket, runs);
                continue;
            }
            for (var end = next + sent; next < end; next++) Count(ref runs[_parts[next].Run], _parts[next]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_memory);

    private void Add(int index, ref DatagramRun run, bool mayJoin)
    {
        var end = run.First + run.Count;
        for (var at = run.First; at < end;)
        {
            var first = at;
            ref var datagram = ref _batch[_batch.Order[at]];
            var (segment, bytes, count) = (datagram.Length, datagram.Length, 1);
            AddVector(_batch.Order[at++]);
            if (datagram.SegmentBytes > 0)
            {
                (segment, count) = (datagram.SegmentBytes, datagram.Count);
            }
            else if (mayJoin && segment > 0)
            {
                while (at < end && count < TogetherMax)
                {
                    ref var next = ref _batch[_batch.Order[at]];
                    var isFit = next is { SegmentBytes: 0, Length: > 0 } && next.Length <= segment
                        && bytes + next.Length <= TogetherBytesMax;
                    if (!isFit) break;
                    AddVector(_batch.Order[at++]);
                    count++;
                    bytes += next.Length;
                    // A shorter one is the last.
                    if (next.Length < segment) break;
                }
            }
            AddEntry(index, run, at - first, count > 1 ? segment : 0);
            _parts[_count - 1] = new Part(index, count, bytes, segment);
        }
    }

    private void AddVector(int slot) => _vectors[_vectorCount++] = new SocketAbi.Vector
    {
        Base = _batch.Slots.At(slot),
        Length = (nuint)_batch[slot].Length,
    };

    private void AddEntry(int index, in DatagramRun run, int vectors, int segment)
    {
        var at = _count++;
        ref var message = ref _entries[at].Message;
        message = new SocketAbi.Message
        {
            Vectors = _vectors + _vectorCount - vectors,
            VectorCount = (nuint)vectors,
            Control = _controls + at * ControlStride,
        };
        if (run.To.Length > 0)
        {
            message.Name = _names + index * NameStride;
            message.NameLength = (uint)run.To.Length;
            run.To.CopyTo(new Span<byte>(message.Name, NameStride));
        }
        if (run.From.Family != default) AddSource(ref message, run);
        if (segment > 0)
        {
            var data = AddControl(ref message, DatagramAbi.SolUdp, DatagramAbi.UdpSegment, sizeof(ushort));
            *(ushort*)data = (ushort)segment;
        }
        if (message.ControlLength == 0) message.Control = null;
    }

    private static void AddSource(ref SocketAbi.Message message, in DatagramRun run)
    {
        if (run.To.IsIPv6)
        {
            var data = AddControl(ref message, SocketAbi.IpProtoIpv6, DatagramAbi.Ipv6PacketInfo,
                (nuint)sizeof(DatagramAbi.PacketInfo6));
            run.From.WriteBytes(new Span<byte>(data, 16), asIPv6: true);
        }
        else
        {
            var data = AddControl(ref message, DatagramAbi.IpProtoIp, DatagramAbi.IpPacketInfo,
                (nuint)sizeof(DatagramAbi.PacketInfo));
            run.From.WriteBytes(new Span<byte>(&((DatagramAbi.PacketInfo*)data)->Local, 4), asIPv6: false);
        }
    }

    /// <summary>Adds a control message; its data are zero.</summary>
    private static byte* AddControl(ref SocketAbi.Message message, int level, int type, nuint bytes)
    {
        var control = (DatagramAbi.Control*)((byte*)message.Control + message.ControlLength);
        var space = DatagramAbi.SpaceOf(bytes);
        Debug.Assert(message.ControlLength + space <= ControlStride);
        new Span<byte>(control, (int)space).Clear();
        control->Length = (nuint)sizeof(DatagramAbi.Control) + bytes;
        control->Level = level;
        control->Type = type;
        message.ControlLength += space;
        return DatagramAbi.DataOf(control);
    }

    private static void Count(ref DatagramRun run, in Part part)
    {
        run.Sent += part.Count;
        run.Bytes += part.Bytes;
    }

    /// <summary>Deals with an entry that did not go.</summary>
    /// <returns>The entry to go on with.</returns>
    private int Fail(int at, int errno, int fd, IoHandle socket, Span<DatagramRun> runs)
    {
        var part = _parts[at];
        ref var run = ref runs[part.Run];
        switch (errno)
        {
            case Errno.Interrupted:
                return at;
            case Errno.Again or Errno.NoBuffers:
                // There is one buffer for all of them.
                for (; at < _count; at++) runs[_parts[at].Run].Full += _parts[at].Count;
                return at;
            case Errno.Invalid or Errno.InputOutput or Errno.MessageTooLong when part.Count > 1:
                if (errno == Errno.InputOutput) socket.Traits &= ~DatagramTraits.Segments;
                SendApart(at, fd, ref run);
                return at + 1;
            default:
                CountFailure(ref run, errno, part.Count, (socket.Traits & DatagramTraits.Connected) != 0);
                return at + 1;
        }
    }

    /// <summary>Counts datagrams that did not go by the reason.</summary>
    internal static void CountFailure(ref DatagramRun run, int errno, int datagrams, bool isConnected)
    {
        switch (errno)
        {
            case Errno.Again or Errno.NoBuffers:
                run.Full += datagrams;
                break;
            case Errno.MessageTooLong:
                run.TooLong += datagrams;
                break;
            default:
                if (isConnected) run.Error = LinuxSockets.ErrorOf(errno);
                run.Failed += datagrams;
                break;
        }
    }

    /// <summary>Sends the datagrams of one entry one by one.</summary>
    private void SendApart(int at, int fd, ref DatagramRun run)
    {
        var segment = _parts[at].Segment;
        var message = _entries[at].Message;
        // The control message that asks for segments is the last.
        var control = message.ControlLength - DatagramAbi.SpaceOf(sizeof(ushort));
        for (nuint i = 0; i < message.VectorCount; i++)
        {
            var whole = message.Vectors[i];
            for (nuint from = 0; from < whole.Length; from += (nuint)segment)
            {
                var piece = new SocketAbi.Vector
                {
                    Base = whole.Base + from,
                    Length = Math.Min((nuint)segment, whole.Length - from),
                };
                var one = message with { Vectors = &piece, VectorCount = 1, ControlLength = control };
                var sent = Libc.sendmsg(fd, &one, SocketAbi.MsgNoSignal);
                var errno = sent < 0 ? Libc.Errno : 0;
                if (sent >= 0) Count(ref run, new Part(0, 1, (int)piece.Length, 0));
                else CountFailure(ref run, errno, datagrams: 1, isConnected: false);
            }
        }
    }

    /// <summary>What an entry stands for: whose run, how many datagrams, bytes of all and of each.</summary>
    private readonly record struct Part(int Run, int Count, int Bytes, int Segment);
}
