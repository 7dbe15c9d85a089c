using System.Diagnostics;
using Tailrace.Memory;

namespace Tailrace.Io;

/// <summary>The datagrams that a loop has received and that are not sent on yet: their bytes and where they came from.
/// </summary>
/// <remarks>
/// <para>One for each loop, used on its thread only. Nothing is copied between receiving and sending: a receive fills
/// the next free places, and whoever awaits it sends from them, or gives them up, before it awaits anything else.
/// </para>
/// <para>Places are used like a stack: <see cref="Used"/> is set back to what it was by whoever is done. Whoever keeps
/// some for later leaves at least <see cref="RoomMin"/> for the next receive.</para>
/// </remarks>
internal sealed class DatagramBatch : IDisposable
{
    /// <summary>Datagrams that it has room for.</summary>
    internal const int Capacity = 64;

    /// <summary>The room that the next receive has to find.</summary>
    internal const int RoomMin = 16;

    private readonly Datagram[] _datagrams = new Datagram[Capacity];

    /// <summary>Creates it empty.</summary>
    internal DatagramBatch()
    {
        Order = new int[Capacity];
        for (var i = 0; i < Capacity; i++) Order[i] = i;
    }

    /// <summary>The bytes.</summary>
    internal DatagramSlots Slots { get; } = new(Capacity);

    /// <summary>
    /// The order in which places are sent: a <see cref="DatagramRun"/> is a piece of it. A receive leaves it as the
    /// datagrams came; whoever sorts them by where they go changes the order of those.
    /// </summary>
    internal int[] Order { get; }

    /// <summary>Places that are in use, from the first one on.</summary>
    internal int Used { get; set; }

    /// <summary>Places that are free.</summary>
    internal int Free => Capacity - Used;

    /// <summary>What is known of the datagram in a place.</summary>
    internal ref Datagram this[int slot] => ref _datagrams[slot];

    /// <summary>Back end: the next places have been filled.</summary>
    internal void Add(int count)
    {
        Debug.Assert(count <= Free);
        for (var i = Used; i < Used + count; i++) Order[i] = i;
        Used += count;
    }

    /// <inheritdoc/>
    public void Dispose() => Slots.Dispose();
}

/// <summary>What is known of a received datagram beside its bytes.</summary>
internal struct Datagram
{
    /// <summary>Bytes of it, or of all that the kernel has put together here.</summary>
    internal int Length;

    /// <summary>Bytes of each of several datagrams, the last of which may be shorter; 0: it is one.</summary>
    internal int SegmentBytes;

    /// <summary>Who sent it; nothing on a connected socket.</summary>
    internal DatagramAddress From;

    /// <summary>The own address that it was sent to, without a port; nothing where there is only one.</summary>
    internal NetAddress To;

    /// <summary>How many datagrams it is.</summary>
    internal readonly int Count => SegmentBytes == 0 ? 1 : (Length + SegmentBytes - 1) / SegmentBytes;
}

/// <summary>Datagrams that go to one place in a row, and what has become of them.</summary>
internal struct DatagramRun
{
    /// <summary>Where they begin in <see cref="DatagramBatch.Order"/>.</summary>
    internal int First;

    /// <summary>Places of the order.</summary>
    internal int Count;

    /// <summary>Where they go; nothing on a connected socket.</summary>
    internal DatagramAddress To;

    /// <summary>The own address that they are sent from; nothing: the system chooses.</summary>
    internal NetAddress From;

    /// <summary>Datagrams that the system has taken.</summary>
    internal int Sent;

    /// <summary>Bytes of them.</summary>
    internal long Bytes;

    /// <summary>Datagrams that are dropped: the socket's send buffer, or the way out, is full.</summary>
    internal int Full;

    /// <summary>Datagrams that are dropped: too long for the way.</summary>
    internal int TooLong;

    /// <summary>Datagrams that are dropped for another reason.</summary>
    internal int Failed;

    /// <summary>Why a connected socket is of no use any more.</summary>
    internal IoError Error;

    /// <summary>Takes in what has become of others.</summary>
    internal void Add(in DatagramRun others)
    {
        Sent += others.Sent;
        Bytes += others.Bytes;
        Full += others.Full;
        TooLong += others.TooLong;
        Failed += others.Failed;
        if (others.Error != IoError.None) Error = others.Error;
    }
}

/// <summary>What kind of datagram socket a handle is, and what its system can do.</summary>
[Flags]
internal enum DatagramTraits : byte
{
    /// <summary>It is none.</summary>
    None = 0,

    /// <summary>It receives from anybody.</summary>
    Bound = 1,

    /// <summary>It exchanges with one address only.</summary>
    Connected = 2,

    /// <summary>It tells and chooses the own address of each datagram.</summary>
    TellsLocal = 4,

    /// <summary>It takes several datagrams of one length as one (UDP_SEGMENT, udp(7)).</summary>
    Segments = 8,
}
