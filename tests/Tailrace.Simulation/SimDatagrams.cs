using System.Net;
using System.Net.Sockets;
using Tailrace.Io;

namespace Tailrace.Simulation;

/// <summary>The simulated network as datagrams see it: lost, doubled, late, in another order, or refused.</summary>
/// <remarks>
/// It follows UDP as Linux does it where that matters to a program: a connected socket hears one address only, and is
/// told once when nobody listens there, by a receive or by a send.
/// </remarks>
internal sealed class SimDatagrams(SimWorld world)
{
    private const int FirstPort = 40_000;

    private readonly List<SimHandle> _sockets = [];
    private int _ports = FirstPort;

    /// <summary>How unkind it is; kind, unless somebody says otherwise.</summary>
    internal SimDatagramConditions Conditions { get; set; } = new();

    /// <summary>Whether every receive fails, as where the system is short of memory.</summary>
    internal bool IsBroken { get; set; }

    /// <summary>Receives that have failed by that.</summary>
    internal int BrokenReceives { get; set; }

    /// <summary>Opens a socket that receives from anybody.</summary>
    internal SimHandle Bind(SimLoop loop, IPEndPoint address, bool shared)
    {
        var port = address.Port == 0 ? ++_ports : address.Port;
        var own = AddressOf(new IPEndPoint(loop.Host, port));
        if (_sockets.Exists(other => other.Own.Equals(own) && !(other.IsShared && shared)))
            throw new IoException(IoError.AddressInUse, address);
        return Add(new SimHandle { Loop = loop, Port = port, IsShared = shared, Own = own, Inbox = [] });
    }

    /// <summary>Opens a socket that exchanges with one address.</summary>
    internal SimHandle Connect(SimLoop loop, SocketAddress target)
    {
        var own = AddressOf(new IPEndPoint(loop.Host, ++_ports));
        return Add(new SimHandle { Loop = loop, Port = _ports, Own = own, Peer = AddressOf(target), Inbox = [] });
    }

    /// <summary>Closes one; what waits for it is lost.</summary>
    internal void Close(SimHandle socket) => _sockets.Remove(socket);

    /// <summary>Whether a receive would get something.</summary>
    internal bool CanReceive(SimHandle socket) =>
        socket.RefusedAt <= world.Clock.Now || socket.Inbox!.Exists(one => one.ArrivesAt <= world.Clock.Now);

    /// <summary>Whether the word has come that nobody listens at the other end; it is told once.</summary>
    internal bool TakeRefusal(SimHandle socket)
    {
        if (socket.RefusedAt > world.Clock.Now) return false;
        socket.RefusedAt = long.MaxValue;
        return true;
    }

    /// <summary>Sends one datagram.</summary>
    internal SimDatagramFate Send(SimHandle from, in DatagramAddress to, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Conditions.BytesMax && world.Random.Chance(500)) return SimDatagramFate.TooLong;
        if (world.Random.Chance(Conditions.Full)) return SimDatagramFate.Full;
        from.Loop.DatagramsSent++;
        from.Loop.DatagramBytesSent += bytes.Length;
        if (world.Random.Chance(Conditions.Lost)) return SimDatagramFate.Sent;
        var target = Find(to, from.Own);
        if (target is null)
        {
            // Only a connected socket can be told.
            if (from.Peer.Length > 0) from.RefusedAt = Math.Min(from.RefusedAt, Arrival());
            return SimDatagramFate.Sent;
        }
        for (var copies = world.Random.Chance(Conditions.Doubled) ? 2 : 1; copies > 0; copies--)
        {
            if (target.Inbox!.Count < Conditions.InboxMax) Put(target.Inbox, from.Own, bytes.ToArray());
        }
        return SimDatagramFate.Sent;
    }

    /// <summary>Takes what has come into a batch, several of one length and source as one, as the kernel may.</summary>
    /// <returns>Places that it took.</returns>
    internal int Receive(SimHandle socket, DatagramBatch batch)
    {
        var most = world.Random.Chance(world.Conditions.ShortRead) ? world.Random.Between(1, batch.Free) : batch.Free;
        var places = 0;
        while (places < most && TryTake(socket, out var datagram))
        {
            var slot = batch.Used;
            var (bytes, length) = (datagram.Bytes, datagram.Bytes.Length);
            bytes.CopyTo(batch.Slots.Of(slot));
            batch[slot] = new Datagram { Length = length, From = socket.Peer.Length > 0 ? default : datagram.From };
            while (length > 0 && world.Random.Chance(Conditions.Joined) && TryJoin(socket, datagram, batch, slot))
            {
                // A shorter one is the last.
                if (batch[slot].Length % length != 0) break;
            }
            batch.Add(1);
            places++;
        }
        return places;
    }

    private bool TryJoin(SimHandle socket, in SimDatagram first, DatagramBatch batch, int slot)
    {
        var segment = first.Bytes.Length;
        var next = socket.Inbox!.FindIndex(one => one.ArrivesAt <= world.Clock.Now);
        if (next < 0) return false;
        var other = socket.Inbox[next];
        ref var datagram = ref batch[slot];
        var isFit = other.From.Equals(first.From) && other.Bytes.Length > 0 && other.Bytes.Length <= segment
            && datagram.Length + other.Bytes.Length <= SimDatagramConditions.LengthMax;
        if (!isFit) return false;
        TryTake(socket, out _);
        other.Bytes.CopyTo(batch.Slots.Of(slot)[datagram.Length..]);
        datagram.Length += other.Bytes.Length;
        datagram.SegmentBytes = segment;
        return true;
    }

    private bool TryTake(SimHandle socket, out SimDatagram datagram)
    {
        var next = socket.Inbox!.FindIndex(one => one.ArrivesAt <= world.Clock.Now);
        datagram = next < 0 ? default : socket.Inbox[next];
        if (next < 0) return false;
        socket.Inbox.RemoveAt(next);
        socket.Loop.DatagramsTaken++;
        return true;
    }

    /// <summary>Puts one into an inbox, by when it arrives; what was sent earlier comes first unless told otherwise.</summary>
    private void Put(List<SimDatagram> inbox, in DatagramAddress from, byte[] bytes)
    {
        var arrival = Arrival();
        if (!Conditions.IsReordering && inbox.Count > 0) arrival = Math.Max(arrival, inbox[^1].ArrivesAt);
        var place = inbox.FindIndex(one => one.ArrivesAt > arrival);
        inbox.Insert(place < 0 ? inbox.Count : place, new SimDatagram(arrival, from, bytes));
    }

    /// <summary>Who gets it: several that share an address divide its sources among them.</summary>
    private SimHandle? Find(DatagramAddress to, DatagramAddress from)
    {
        var all = _sockets.FindAll(
            one => one.Own.Equals(to) && (one.Peer.Length == 0 || one.Peer.Equals(from)));
        return all.Count == 0 ? null : all[from.Address.Port % all.Count];
    }

    private SimHandle Add(SimHandle socket)
    {
        socket.Traits = socket.Peer.Length > 0 ? DatagramTraits.Connected : DatagramTraits.Bound;
        _sockets.Add(socket);
        return socket;
    }

    private long Arrival() => world.Clock.After(world.Random.Between(0, world.Conditions.LatencyMsMax));

    private static DatagramAddress AddressOf(IPEndPoint address) => AddressOf(address.Serialize());

    private static DatagramAddress AddressOf(SocketAddress address) => new(address.Buffer.Span[..address.Size]);
}

/// <summary>One datagram that is under way, or waits to be received.</summary>
internal readonly record struct SimDatagram(long ArrivesAt, DatagramAddress From, byte[] Bytes);

/// <summary>What the system says of a datagram that is sent.</summary>
internal enum SimDatagramFate
{
    /// <summary>It is on its way, which does not say that it arrives.</summary>
    Sent,

    /// <summary>There is no room for it now.</summary>
    Full,

    /// <summary>It does not fit the way.</summary>
    TooLong,
}

/// <summary>How unkind a simulated network is to datagrams. Chances are given in a thousand.</summary>
internal sealed record SimDatagramConditions
{
    /// <summary>The longest that there is (RFC 768, over IPv4).</summary>
    internal const int LengthMax = 65_507;

    /// <summary>One is lost on its way.</summary>
    internal int Lost { get; init; }

    /// <summary>One comes twice.</summary>
    internal int Doubled { get; init; }

    /// <summary>A send buffer is full.</summary>
    internal int Full { get; init; }

    /// <summary>Two that could be are put together by the receiving system.</summary>
    internal int Joined { get; init; } = 300;

    /// <summary>Whether they may come in another order.</summary>
    internal bool IsReordering { get; init; }

    /// <summary>There is no descriptor or port left for a socket.</summary>
    internal int Unopened { get; init; }

    /// <summary>What every way takes; the half of them take no more.</summary>
    internal int BytesMax { get; init; } = LengthMax;

    /// <summary>How many a receive buffer holds.</summary>
    internal int InboxMax { get; init; } = int.MaxValue;

    /// <summary>A network that may do anything of this.</summary>
    internal static SimDatagramConditions Faulty(SimRandom random) => new()
    {
        Lost = random.Below(3) * 60,
        Doubled = random.Below(3) * 60,
        Full = random.Below(3) * 30,
        Unopened = random.Below(3) * 150,
        Joined = random.Below(3) * 400,
        IsReordering = random.Below(2) == 0,
        BytesMax = random.Below(2) == 0 ? random.Between(600, 9000) : LengthMax,
        InboxMax = random.Below(2) == 0 ? random.Between(2, 20) : int.MaxValue,
    };
}
