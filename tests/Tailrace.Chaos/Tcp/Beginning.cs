using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Tailrace.Chaos.Tcp;

/// <summary>What stands before the pattern of a stream: a PROXY header, a ClientHello, and its id.</summary>
/// <param name="HeaderBytes">How many of its bytes are the proxy's own.</param>
/// <param name="Bytes">How many bytes it has in all.</param>
/// <param name="Id">Whose stream it is.</param>
/// <param name="Client">Who the client is, by the PROXY header.</param>
/// <param name="Name">What the ClientHello asks for.</param>
internal sealed record Beginning(int HeaderBytes, int Bytes, uint Id, IPEndPoint? Client, string? Name)
{
    /// <summary>The bytes of an id.</summary>
    internal const int IdBytes = 4;

    private const int Mark = 'T';
    private const int HeaderLength = 28;
    private const int NameAt = 56;
    private static readonly byte[] s_signature = "\r\n\r\n\0\r\nQUIT\n"u8.ToArray();

    /// <summary>The bytes of an id: they begin with what no hello and no header begins with.</summary>
    internal static byte[] Of(uint id)
    {
        var bytes = new byte[IdBytes];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, id | (uint)Mark << 24);
        return bytes;
    }

    /// <summary>A ClientHello that asks for a name, as what the proxy looks for in one.</summary>
    internal static byte[] Hello(string name)
    {
        byte[] server = [0, 0, .. Vector([.. Vector([0, .. Vector(Encoding.ASCII.GetBytes(name))])])];
        byte[] body = [3, 3, .. new byte[32], 0, 0, 2, 0x13, 1, 1, 0, .. Vector(server)];
        return [22, 3, 1, .. Vector([1, 0, .. Vector(body)])];
    }

    /// <summary>Reads one; null when there is more to come.</summary>
    /// <param name="bytes">What has come.</param>
    /// <param name="hasHeader">Whether the proxy is to send a header.</param>
    /// <exception cref="FormatException">It is none.</exception>
    internal static Beginning? TryRead(ReadOnlySpan<byte> bytes, bool hasHeader)
    {
        var offset = 0;
        IPEndPoint? client = null;
        if (hasHeader && !TryReadHeader(bytes, out offset, out client)) return null;
        var headerBytes = offset;
        var rest = bytes[offset..];
        if (rest.IsEmpty) return null;
        string? name = null;
        if (rest[0] == 22)
        {
            if (rest.Length < 5 || rest.Length < 5 + BinaryPrimitives.ReadUInt16BigEndian(rest[3..])) return null;
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[3..]);
            name = Encoding.ASCII.GetString(rest[(5 + NameAt)..(5 + length)]);
            if (!rest[..(5 + length)].SequenceEqual(Hello(name)))
                throw new FormatException("a hello that is no longer what it was");
            offset += 5 + length;
            rest = bytes[offset..];
        }
        if (rest.Length > 0 && rest[0] != Mark) throw new FormatException($"an id that begins with {rest[0]}");
        if (rest.Length < IdBytes) return null;
        var id = BinaryPrimitives.ReadUInt32BigEndian(rest) & 0xffffff;
        return new Beginning(headerBytes, offset + IdBytes, id, client, name);
    }

    /// <summary>Whether a stream may end there that has not come to its id: between what it begins with.</summary>
    internal static bool MayEnd(ReadOnlySpan<byte> bytes, bool hasHeader)
    {
        if (bytes.IsEmpty) return true;
        if (hasHeader && !TryReadHeader(bytes, out _, out _)) return false;
        var rest = hasHeader ? bytes[HeaderLength..] : bytes;
        return rest.IsEmpty || (rest.Length > 5 && rest.Length == 5 + BinaryPrimitives.ReadUInt16BigEndian(rest[3..]));
    }

    /// <summary>Version 2 of the PROXY protocol, TCP over IPv4, and no fields behind the addresses.</summary>
    private static bool TryReadHeader(ReadOnlySpan<byte> bytes, out int length, out IPEndPoint? client)
    {
        (length, client) = (HeaderLength, null);
        var known = Math.Min(bytes.Length, s_signature.Length);
        if (!bytes[..known].SequenceEqual(s_signature.AsSpan(0, known))) throw new FormatException("no PROXY header");
        if (bytes.Length < length) return false;
        if (!bytes[12..16].SequenceEqual<byte>([0x21, 0x11, 0, 12])) throw new FormatException("another PROXY header");
        client = new IPEndPoint(new IPAddress(bytes[16..20]), BinaryPrimitives.ReadUInt16BigEndian(bytes[24..]));
        return true;
    }

    private static byte[] Vector(byte[] content) => [(byte)(content.Length >> 8), (byte)content.Length, .. content];
}
