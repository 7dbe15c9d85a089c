using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Tailrace.Hosting.Names;

/// <summary>Questions and answers as they are on the wire (RFC 1035 section 4). Pure; bytes from anybody.</summary>
internal static class DnsMessage
{
    /// <summary>The most that is taken in a datagram: it passes everywhere without being split.</summary>
    internal const int DatagramMax = 1232;

    private const int HeaderBytes = 12;
    private const int LabelMax = 63;
    private const int NameMax = 255;
    private const int RecordsMax = 512;
    private const int PointersMax = 16;

    /// <summary>Writes a question.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="name">The name that is asked for.</param>
    /// <param name="type">What of it.</param>
    /// <param name="isExtended">Whether it has room for an answer that is longer than 512 bytes (RFC 6891).</param>
    internal static byte[] Ask(ushort id, string name, DnsType type, bool isExtended = true)
    {
        var others = (byte)(isExtended ? 1 : 0);
        var message = new List<byte> { (byte)(id >> 8), (byte)id, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, others };
        foreach (var label in name.Split('.'))
        {
            if (label.Length is 0 or > LabelMax) throw new DnsException($"'{name}' is not a name");
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }
        if (message.Count - HeaderBytes >= NameMax) throw new DnsException($"'{name}' is too long for a name");
        message.AddRange([0, 0, (byte)type, 0, 1]);
        if (isExtended) message.AddRange([0, 0, 41, DatagramMax >> 8, DatagramMax & 0xff, 0, 0, 0, 0, 0, 0]);
        return [.. message];
    }

    /// <summary>Reads an answer to a question.</summary>
    /// <returns>Null when it is none to this question, or makes no sense.</returns>
    /// <exception cref="DnsException">It has more records than are taken.</exception>
    internal static DnsReply? Read(ReadOnlySpan<byte> message, ushort id, string name, DnsType type)
    {
        if (message.Length < HeaderBytes || BinaryPrimitives.ReadUInt16BigEndian(message) != id) return null;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        var questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        // Who does not understand a question may not repeat it.
        if ((flags & 0x8000) != 0 && questions == 0 && IsRefusal(flags & 0xf))
            return new DnsReply(flags & 0xf, IsTruncated: false, [], []);
        var isAnswer = (flags & 0x8000) != 0 && questions == 1;
        var at = HeaderBytes;
        if (!isAnswer || !TryReadName(message, ref at, out var asked) || at + 4 > message.Length) return null;
        var isOurs = asked.Equals(name, StringComparison.OrdinalIgnoreCase)
            && BinaryPrimitives.ReadUInt16BigEndian(message[at..]) == (ushort)type;
        if (!isOurs) return null;
        at += 4;
        var counts = (
            Answers: BinaryPrimitives.ReadUInt16BigEndian(message[6..]),
            Authorities: BinaryPrimitives.ReadUInt16BigEndian(message[8..]),
            Others: BinaryPrimitives.ReadUInt16BigEndian(message[10..]));
        var isTruncated = (flags & 0x0200) != 0;
        var most = Math.Max(counts.Answers, Math.Max(counts.Authorities, counts.Others));
        if (most > RecordsMax && !isTruncated)
            throw new DnsException($"the name server's answer has more than {RecordsMax} records");
        var (answers, others) = (new List<DnsRecord>(), new List<DnsRecord>());
        var isWhole = TryReadRecords(message, ref at, counts.Answers, answers)
            && TryReadRecords(message, ref at, counts.Authorities, [])
            && TryReadRecords(message, ref at, counts.Others, others);
        return isWhole || isTruncated ? new DnsReply(flags & 0xf, isTruncated, answers, others) : null;
    }

    /// <summary>Whether a code says that the server does not know what it was asked (FORMERR, NOTIMP).</summary>
    internal static bool IsRefusal(int code) => code is 1 or 4;

    private static bool TryReadRecords(ReadOnlySpan<byte> message, ref int at, int count, List<DnsRecord> records)
    {
        if (count > RecordsMax) return false;
        for (; count > 0; count--)
        {
            if (!TryReadName(message, ref at, out var name) || at + 10 > message.Length) return false;
            var fixedPart = message[at..];
            var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(fixedPart);
            var isInternet = BinaryPrimitives.ReadUInt16BigEndian(fixedPart[2..]) == 1;
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(fixedPart[4..]);
            var end = at + 10 + BinaryPrimitives.ReadUInt16BigEndian(fixedPart[8..]);
            at += 10;
            if (end > message.Length) return false;
            if (isInternet && !TryReadData(message[..end], at, new DnsRecord(name, type, ttl), records)) return false;
            at = end;
        }
        return true;
    }

    /// <summary>Reads what a record says; a type that nobody asks for is passed over.</summary>
    private static bool TryReadData(ReadOnlySpan<byte> message, int at, DnsRecord record, List<DnsRecord> records)
    {
        var data = message[at..];
        switch (record.Type)
        {
            case DnsType.A or DnsType.Aaaa:
                if (data.Length != (record.Type == DnsType.A ? 4 : 16)) return false;
                records.Add(record with { Address = new IPAddress(data) });
                return true;
            case DnsType.Cname:
                if (!TryReadName(message, ref at, out var alias)) return false;
                records.Add(record with { Target = alias });
                return true;
            case DnsType.Srv:
                if (data.Length < 7) return false;
                at += 6;
                if (!TryReadName(message, ref at, out var target)) return false;
                records.Add(record with
                {
                    Priority = BinaryPrimitives.ReadUInt16BigEndian(data),
                    Weight = BinaryPrimitives.ReadUInt16BigEndian(data[2..]),
                    Port = BinaryPrimitives.ReadUInt16BigEndian(data[4..]),
                    Target = target,
                });
                return true;
            default:
                return true;
        }
    }

    /// <summary>Reads a name, following its pointers to what was said before (RFC 1035 section 4.1.4).</summary>
    private static bool TryReadName(ReadOnlySpan<byte> message, ref int at, out string name)
    {
        name = "";
        var text = new StringBuilder();
        var (place, pointers) = (at, 0);
        while (place < message.Length)
        {
            int length = message[place++];
            if (length >= 0xc0)
            {
                if (place >= message.Length || ++pointers > PointersMax) return false;
                if (pointers == 1) at = place + 1;
                var earlier = ((length & 0x3f) << 8) | message[place];
                if (earlier >= place - 1) return false;
                place = earlier;
                continue;
            }
            if (length > LabelMax || place + length > message.Length || text.Length + length >= NameMax) return false;
            if (length == 0)
            {
                if (pointers == 0) at = place;
                name = text.ToString();
                return true;
            }
            var label = message.Slice(place, length);
            // As text it would be two labels: another name.
            if (label.Contains((byte)'.')) return false;
            if (text.Length > 0) text.Append('.');
            foreach (var letter in label) text.Append(char.ToLowerInvariant((char)letter));
            place += length;
        }
        return false;
    }
}
