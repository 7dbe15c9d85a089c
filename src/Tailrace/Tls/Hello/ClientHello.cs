namespace Tailrace.Tls.Hello;

/// <summary>What a TLS client says first, as far as it decides where its connection goes.</summary>
/// <remarks>The spans point into the bytes that were read, or into the scratch that was given.</remarks>
public readonly ref struct ClientHello
{
    /// <summary>
    /// The name that the client wants to talk to (RFC 6066 section 3); empty when it does not say. With an encrypted
    /// hello this is the outer name, which is all that can be seen.
    /// </summary>
    public ReadOnlySpan<byte> ServerName { get; init; }

    /// <summary>The protocols it offers (RFC 7301), each after a byte of length; empty when it offers none.</summary>
    public ReadOnlySpan<byte> Protocols { get; init; }

    /// <summary>Whether an encrypted hello is in it.</summary>
    public bool IsEncrypted { get; init; }

    /// <summary>Whether a protocol is among those that are offered.</summary>
    public bool Offers(ReadOnlySpan<byte> protocol)
    {
        for (var rest = Protocols; !rest.IsEmpty; rest = rest[(1 + rest[0])..])
        {
            if (rest.Slice(1, rest[0]).SequenceEqual(protocol)) return true;
        }
        return false;
    }
}

/// <summary>What became of reading a ClientHello.</summary>
public enum HelloStatus : byte
{
    /// <summary>So far it is the beginning of one.</summary>
    NeedMore,

    /// <summary>It was read.</summary>
    Complete,

    /// <summary>The bytes are something else than TLS.</summary>
    NotTls,

    /// <summary>It is TLS, and no hello that anybody would answer.</summary>
    Invalid,

    /// <summary>It is longer than any that is read, or in too many records.</summary>
    TooLong,
}
