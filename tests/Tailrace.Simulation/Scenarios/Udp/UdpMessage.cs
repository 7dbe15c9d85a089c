using System.Buffers.Binary;
using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios.Udp;

/// <summary>What a datagram of the simulation is: whose, which, and whether it is an answer.</summary>
/// <remarks>It begins with these numbers; what follows is made from them, so that any change of it is seen.</remarks>
internal readonly record struct UdpMessage(int Client, int Number, int Answer)
{
    /// <summary>Bytes of the shortest.</summary>
    internal const int LengthMin = 12;

    /// <summary>What <see cref="Answer"/> is of a client's own datagram.</summary>
    internal const int Question = -1;

    private long Id => ((long)Client << 32) + Number * 16 + Answer + 1;

    /// <summary>Sends it from a loop's socket.</summary>
    internal void Send(EventLoop loop, IoHandle socket, int length, in DatagramAddress to = default)
    {
        var batch = loop.Datagrams;
        var place = batch.Used;
        var bytes = batch.Slots.Of(place)[..length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Client);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], Number);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], Answer);
        SimPayload.Fill(bytes[LengthMin..], Id, 0);
        batch[place] = new Datagram { Length = length };
        batch.Add(1);
        var run = new DatagramRun { First = place, Count = 1, To = to };
        loop.SendDatagrams(socket, new Span<DatagramRun>(ref run));
        batch.Used = place;
    }

    /// <summary>Takes what a receive has got, and leaves its places free.</summary>
    internal static List<(UdpMessage Message, int Length, DatagramAddress From)> Take(EventLoop loop, int places)
    {
        var batch = loop.Datagrams;
        var all = new List<(UdpMessage, int, DatagramAddress)>();
        for (var slot = batch.Used - places; slot < batch.Used; slot++)
        {
            var (length, segment, from) = (batch[slot].Length, batch[slot].SegmentBytes, batch[slot].From);
            for (var at = 0; at < length; at += segment)
            {
                if (segment == 0) segment = length;
                var bytes = batch.Slots.Of(slot)[at..Math.Min(at + segment, length)];
                all.Add((Read(bytes), bytes.Length, from));
            }
        }
        batch.Used -= places;
        return all;
    }

    private static UdpMessage Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < LengthMin) throw new SimFailure($"a datagram of {bytes.Length} bytes is nobody's");
        var message = new UdpMessage(
            BinaryPrimitives.ReadInt32LittleEndian(bytes),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]));
        SimPayload.Check(bytes[LengthMin..], message.Id, 0);
        return message;
    }
}
