using System.Buffers;
using System.Buffers.Binary;

namespace Tailrace.Tls.Hello;

/// <summary>Reads the ClientHello at the beginning of a TLS stream, without taking part in it.</summary>
/// <remarks>
/// <para>
/// Pure: bytes in, verdict out; each call reads from the start. The hello may be spread over any number of records
/// (RFC 8446 section 5.1); then it is put together in scratch memory. Extensions that are not asked for are passed
/// over, whatever they are, so those that test for that (GREASE, RFC 8701) are nothing special.
/// </para>
/// <para>Older versions of TLS look the same here; the hello of SSL 2 is no TLS.</para>
/// </remarks>
public static class ClientHelloReader
{
    /// <summary>The longest hello that is read, without its records' heads: what one record can hold.</summary>
    public const int MessageBytesMax = 16 << 10;

    /// <summary>The most that is read of a stream: the longest hello in some 800 records.</summary>
    public const int LengthMax = MessageBytesMax + (4 << 10);

    private const int RecordHeadBytes = 5;
    private const int RecordBytesMax = 16 << 10;
    private const int MessageHeadBytes = 4;
    private const byte HandshakeRecord = 22;
    private const byte ClientHelloMessage = 1;
    private const int ServerNameExtension = 0;
    private const int ProtocolsExtension = 16;
    private const int EncryptedHelloExtension = 0xFE0D;
    private const int NameLengthMax = 255;

    private static readonly SearchValues<byte> s_nameBytes = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."u8);

    /// <summary>Reads the hello at the beginning of a stream.</summary>
    /// <param name="input">What has come so far.</param>
    /// <param name="scratch">Where a hello in several records is put together: <see cref="MessageBytesMax"/> bytes.
    /// </param>
    /// <param name="hello">What it says, when it is complete.</param>
    public static HelloStatus Read(ReadOnlySpan<byte> input, Span<byte> scratch, out ClientHello hello)
    {
        hello = default;
        var status = Assemble(input, scratch, out var message);
        if (status != HelloStatus.Complete) return status;
        return TryParse(message, out hello) ? HelloStatus.Complete : HelloStatus.Invalid;
    }

    /// <summary>Finds the whole message, in place when it lies in one record.</summary>
    private static HelloStatus Assemble(
        ReadOnlySpan<byte> input, Span<byte> scratch, out ReadOnlySpan<byte> message)
    {
        message = default;
        if (input.Length > LengthMax) input = input[..LengthMax];
        var (wanted, gathered) = (MessageHeadBytes, 0);
        for (var at = 0; ;)
        {
            var head = input[Math.Min(at, input.Length)..];
            if (!MayBeRecord(head)) return at == 0 ? HelloStatus.NotTls : HelloStatus.Invalid;
            if (head.Length < RecordHeadBytes) break;
            var length = BinaryPrimitives.ReadUInt16BigEndian(head[3..]);
            if (length is 0 or > RecordBytesMax) return HelloStatus.Invalid;
            var part = head[RecordHeadBytes..];
            if (part.Length > length) part = part[..length];
            // What lies in one record whole is read where it is.
            if (gathered == 0 && TryMeasure(part, ref wanted, out var isHello) && part.Length >= wanted && isHello)
            {
                message = part[..wanted];
                return HelloStatus.Complete;
            }
            // What is behind the longest hello is none of it.
            if (part.Length > MessageBytesMax - gathered) part = part[..(MessageBytesMax - gathered)];
            part.CopyTo(scratch[gathered..]);
            gathered += part.Length;
            var isMeasured = TryMeasure(scratch[..gathered], ref wanted, out isHello);
            if (isMeasured && !isHello) return HelloStatus.Invalid;
            if (wanted > MessageBytesMax) return HelloStatus.TooLong;
            if (isMeasured && gathered >= wanted)
            {
                message = scratch[..wanted];
                return HelloStatus.Complete;
            }
            at += RecordHeadBytes + length;
            if (at > input.Length) break;
        }
        return input.Length < LengthMax ? HelloStatus.NeedMore : HelloStatus.TooLong;
    }

    /// <summary>Whether as much of a handshake record's head is there as has come: type and major version.</summary>
    private static bool MayBeRecord(ReadOnlySpan<byte> head) =>
        (head.Length < 1 || head[0] == HandshakeRecord) && (head.Length < 2 || head[1] == 3);

    /// <summary>
    /// Learns how long the message is, once its head is there, or that it is another from its first byte.
    /// </summary>
    private static bool TryMeasure(ReadOnlySpan<byte> bytes, ref int wanted, out bool isHello)
    {
        isHello = bytes.Length > 0 && bytes[0] == ClientHelloMessage;
        if (bytes.Length < MessageHeadBytes) return bytes.Length > 0 && !isHello;
        wanted = MessageHeadBytes + (bytes[1] << 16 | bytes[2] << 8 | bytes[3]);
        return true;
    }

    /// <summary>Reads the message (RFC 8446 section 4.1.2).</summary>
    private static bool TryParse(ReadOnlySpan<byte> message, out ClientHello hello)
    {
        hello = default;
        var rest = message[MessageHeadBytes..];
        const int versionAndRandom = 2 + 32;
        if (rest.Length < versionAndRandom) return false;
        rest = rest[versionAndRandom..];
        if (!TryTake(ref rest, 1, out var session) || session.Length > 32) return false;
        if (!TryTake(ref rest, 2, out var suites) || suites.Length < 2 || suites.Length % 2 != 0) return false;
        if (!TryTake(ref rest, 1, out var compressions) || compressions.IsEmpty) return false;
        // Clients of old have no extensions at all.
        if (rest.IsEmpty) return true;
        return TryTake(ref rest, 2, out var extensions) && rest.IsEmpty && TryParseExtensions(extensions, out hello);
    }

    private static bool TryParseExtensions(ReadOnlySpan<byte> extensions, out ClientHello hello)
    {
        hello = default;
        ReadOnlySpan<byte> name = default, protocols = default;
        var (hasName, hasProtocols, isEncrypted) = (false, false, false);
        while (!extensions.IsEmpty)
        {
            if (extensions.Length < 2) return false;
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TryTake(ref extensions, 2, out var data)) return false;
            switch (type)
            {
                // No extension may occur twice; of these two a second one would be another answer.
                case ServerNameExtension:
                    if (hasName || !TryReadName(data, out name)) return false;
                    hasName = true;
                    break;
                case ProtocolsExtension:
                    if (hasProtocols || !TryReadProtocols(data, out protocols)) return false;
                    hasProtocols = true;
                    break;
                case EncryptedHelloExtension:
                    isEncrypted = true;
                    break;
            }
        }
        hello = new ClientHello { ServerName = name, Protocols = protocols, IsEncrypted = isEncrypted };
        return true;
    }

    /// <summary>A list of names, of which only host names are known and only one is allowed (RFC 6066).</summary>
    private static bool TryReadName(ReadOnlySpan<byte> data, out ReadOnlySpan<byte> name)
    {
        name = default;
        if (!TryTake(ref data, 2, out var list) || !data.IsEmpty || list.IsEmpty || list[0] != 0) return false;
        list = list[1..];
        if (!TryTake(ref list, 2, out name) || !list.IsEmpty) return false;
        return name.Length is > 0 and <= NameLengthMax && !name.ContainsAnyExcept(s_nameBytes);
    }

    private static bool TryReadProtocols(ReadOnlySpan<byte> data, out ReadOnlySpan<byte> protocols)
    {
        if (!TryTake(ref data, 2, out protocols) || !data.IsEmpty || protocols.IsEmpty) return false;
        for (var rest = protocols; !rest.IsEmpty;)
        {
            if (!TryTake(ref rest, 1, out var protocol) || protocol.IsEmpty) return false;
        }
        return true;
    }

    /// <summary>Takes a vector behind its length of one or two bytes (RFC 8446 section 3.4).</summary>
    private static bool TryTake(scoped ref ReadOnlySpan<byte> rest, int lengthBytes, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        if (rest.Length < lengthBytes) return false;
        var length = lengthBytes == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length - lengthBytes < length) return false;
        vector = rest.Slice(lengthBytes, length);
        rest = rest[(lengthBytes + length)..];
        return true;
    }
}
