using System.Text;

namespace Tailrace.Http;

/// <summary>
/// Which protocols a client and an origin may change to (RFC 9110 section 7.8). Immutable; any thread.
/// </summary>
/// <remarks>
/// A protocol is named with its version where it has one (<c>websocket</c>, <c>SPDY/3.1</c>) and compared without
/// regard to case. What is not named ends here: behind a switch this proxy sees no requests any more, so a protocol
/// that carries requests itself (h2c) would pass by every route.
/// </remarks>
public sealed class UpgradePolicy
{
    private readonly byte[][] _protocols;

    /// <summary>Creates a policy.</summary>
    /// <param name="protocols">The protocols that may be changed to; none: no upgrade at all.</param>
    public UpgradePolicy(params string[] protocols) =>
        _protocols = Array.ConvertAll(protocols, Encoding.ASCII.GetBytes);

    /// <summary>Allows nothing.</summary>
    public static UpgradePolicy None { get; } = new();

    /// <summary>
    /// Whether a request asks for something that is allowed. A request with a body never does: its origin would have
    /// to read all of it in the old protocol before the first byte of the new one, and not all do.
    /// </summary>
    /// <param name="head">The request.</param>
    /// <param name="bytes">Its bytes.</param>
    public bool IsAsked(RequestHead head, ReadOnlySpan<byte> bytes)
    {
        if (!head.IsUpgrade || _protocols.Length == 0)
            return false;
        if (head.Body != BodyKind.None && head.ContentLength != 0)
            return false;
        var asked = new UpgradeReader(head.Headers, bytes);
        while (asked.TryRead(out ReadOnlySpan<byte> protocol))
        {
            if (Allows(protocol))
                return true;
        }
        return false;
    }

    /// <summary>Whether the protocol is allowed.</summary>
    public bool Allows(ReadOnlySpan<byte> protocol)
    {
        foreach (byte[] allowed in _protocols)
        {
            if (Ascii.EqualsIgnoreCase(protocol, allowed))
                return true;
        }
        return false;
    }

    /// <summary>
    /// Whether a 101 answers what was asked: it names protocols, and each of them was asked for and is allowed.
    /// </summary>
    /// <remarks>It cannot name more than are allowed: then what was asked is not searched once for each word.</remarks>
    /// <param name="request">The request.</param>
    /// <param name="requestBytes">Its bytes.</param>
    /// <param name="response">The head with status 101.</param>
    /// <param name="responseBytes">Its bytes.</param>
    public bool IsAnswer(
        RequestHead request, ReadOnlySpan<byte> requestBytes, ResponseHead response, ReadOnlySpan<byte> responseBytes)
    {
        if (!IsAsked(request, requestBytes))
            return false;
        var granted = new UpgradeReader(response.Headers, responseBytes);
        int count = 0;
        while (granted.TryRead(out ReadOnlySpan<byte> protocol))
        {
            if (++count > _protocols.Length || !Allows(protocol) || !Names(request, requestBytes, protocol))
                return false;
        }
        return count > 0;
    }

    private static bool Names(RequestHead request, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> protocol)
    {
        var asked = new UpgradeReader(request.Headers, bytes);
        while (asked.TryRead(out ReadOnlySpan<byte> other))
        {
            if (Ascii.EqualsIgnoreCase(protocol, other))
                return true;
        }
        return false;
    }
}

/// <summary>Walks the protocols that the Upgrade fields of a head name, in their order.</summary>
/// <param name="headers">The fields.</param>
/// <param name="head">The bytes that they are places in.</param>
internal ref struct UpgradeReader(HeaderTable headers, ReadOnlySpan<byte> head)
{
    private readonly ReadOnlySpan<byte> _head = head;
    private ListReader _list;
    private int _next;

    /// <summary>Takes the next protocol; false at the end.</summary>
    public bool TryRead(out ReadOnlySpan<byte> protocol)
    {
        while (!_list.TryRead(out protocol))
        {
            ReadOnlySpan<HeaderField> fields = headers.Fields;
            while (_next < fields.Length && fields[_next].Id != KnownHeader.Upgrade)
                _next++;
            if (_next == fields.Length)
                return false;
            _list = new(fields[_next++].Value.In(_head));
        }
        return true;
    }
}
