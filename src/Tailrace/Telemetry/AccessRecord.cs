using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tailrace.Telemetry;

/// <summary>
/// The layout of one record in an <see cref="AccessRing"/>: the numbers, then the texts, each after its length.
/// </summary>
/// <remarks>
/// A record has a fixed size so that a request can never cost more than that. Every text but the target has its own
/// limit; the target comes last and takes all the room that the others left, at
/// least 280 bytes in the record of a request. That of a connection or session ends in its
/// numbers of datagrams.
/// </remarks>
internal static class AccessRecord
{
    /// <summary>Bytes of one record.</summary>
    public const int Size = 1024;

    private const int DatagramBytes = 2 * sizeof(long);
    private const int ClientMax = 64;
    private const int MethodMax = 32;
    private const int ProtocolMax = 8;
    private const int HostMax = 128;
    private const int UpstreamMax = 128;
    private const int RefererMax = 160;
    private const int UserAgentMax = 160;
    private const int EndMax = 32;
    private const int ListenerMax = 64;

    /// <summary>Copies an entry into a record, cutting texts that are too long. Allocates nothing.</summary>
    public static void Encode(in AccessEntry entry, Span<byte> record)
    {
        Debug.Assert(record.Length == Size, "a record is as large as its slot");
        var numbers = new Numbers
        {
            UnixMilliseconds = entry.UnixMilliseconds,
            DurationMicroseconds = entry.DurationMicroseconds,
            BytesSent = entry.BytesSent,
            BytesReceived = entry.BytesReceived,
            Status = entry.Status,
        };
        MemoryMarshal.Write(record, in numbers);

        Span<byte> room = record[Unsafe.SizeOf<Numbers>()..];
        Put(ref room, entry.Client, ClientMax);
        Put(ref room, entry.Method, MethodMax);
        Put(ref room, entry.Protocol, ProtocolMax);
        Put(ref room, entry.Host, HostMax);
        Put(ref room, entry.Upstream, UpstreamMax);
        Put(ref room, entry.Referer, RefererMax);
        Put(ref room, entry.UserAgent, UserAgentMax);
        Put(ref room, entry.End, EndMax);
        Put(ref room, entry.Listener, ListenerMax);
        var isRequest = entry.End.IsEmpty;
        Put(ref room, entry.Target, room.Length - sizeof(ushort) - (isRequest ? 0 : DatagramBytes));
        if (isRequest) return;
        MemoryMarshal.Write(record[^DatagramBytes..], entry.DatagramsSent);
        MemoryMarshal.Write(record[^sizeof(long)..], entry.DatagramsReceived);
    }

    /// <summary>The entry in a record; its spans point into the record.</summary>
    public static AccessEntry Decode(ReadOnlySpan<byte> record)
    {
        Debug.Assert(record.Length == Size, "a record is as large as its slot");
        Numbers numbers = MemoryMarshal.Read<Numbers>(record);
        ReadOnlySpan<byte> rest = record[Unsafe.SizeOf<Numbers>()..];
        // Initializers run in the order they are written, which is the order of Encode.
        var entry = new AccessEntry
        {
            UnixMilliseconds = numbers.UnixMilliseconds,
            DurationMicroseconds = numbers.DurationMicroseconds,
            BytesSent = numbers.BytesSent,
            BytesReceived = numbers.BytesReceived,
            Status = numbers.Status,
            Client = Take(ref rest),
            Method = Take(ref rest),
            Protocol = Take(ref rest),
            Host = Take(ref rest),
            Upstream = Take(ref rest),
            Referer = Take(ref rest),
            UserAgent = Take(ref rest),
            End = Take(ref rest),
            Listener = Take(ref rest),
            Target = Take(ref rest),
        };
        if (entry.End.IsEmpty) return entry;
        entry.DatagramsSent = MemoryMarshal.Read<long>(record[^DatagramBytes..]);
        entry.DatagramsReceived = MemoryMarshal.Read<long>(record[^sizeof(long)..]);
        return entry;
    }

    private static void Put(ref Span<byte> room, ReadOnlySpan<byte> text, int max)
    {
        int length = Math.Min(text.Length, max);
        BinaryPrimitives.WriteUInt16LittleEndian(room, (ushort)length);
        Span<byte> copy = room.Slice(sizeof(ushort), length);
        text[..length].CopyTo(copy);
        if (length < text.Length) "..."u8.CopyTo(copy[^3..]);
        room = room[(sizeof(ushort) + length)..];
    }

    private static ReadOnlySpan<byte> Take(scoped ref ReadOnlySpan<byte> rest)
    {
        int length = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        ReadOnlySpan<byte> text = rest.Slice(sizeof(ushort), length);
        rest = rest[(sizeof(ushort) + length)..];
        return text;
    }

    private struct Numbers
    {
        public long UnixMilliseconds;
        public long DurationMicroseconds;
        public long BytesSent;
        public long BytesReceived;
        public int Status;
    }
}
