using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Tailrace.Io.ProxyProtocol;

namespace Tailrace.Io;

/// <summary>What is known of a client beside the address of its socket.</summary>
/// <remarks>
/// Of a connection that needs any of it: one to an origin, or one that ended in a tunnel, has none. Belongs to its
/// connection, and is used again with it.
/// </remarks>
internal sealed class ClientFacts
{
    private TextBytes _text;
    private byte _textLength;

    /// <summary>What a proxy on the other side said, or null.</summary>
    internal ProxyHeader? ProxyHeader
    {
        get;
        set
        {
            field = value;
            _textLength = 0;
        }
    }

    /// <summary>Its place among those of its source; nothing where they are not counted.</summary>
    internal SourceTicket Ticket { get; set; }

    /// <summary>What its socket's address was, once that is aborted; the default before.</summary>
    internal NetAddress Remote { get; set; }

    /// <summary>
    /// When it was accepted, in ticks of the stopwatch, where something has come before its server; 0 elsewhere.
    /// </summary>
    internal long AcceptedAt { get; set; }

    /// <summary>The address as text; empty until it has been written.</summary>
    internal ReadOnlySpan<byte> Text => ((ReadOnlySpan<byte>)_text)[.._textLength];

    /// <summary>Whether there is nothing but the text, which can be written again.</summary>
    internal bool IsTextOnly =>
        ProxyHeader is null && Ticket == default && Remote.Family == AddressFamily.Unspecified;

    /// <summary>Writes the address as text, for each request repeats it to its origin.</summary>
    internal void Write(in NetAddress address) => _textLength = (byte)address.Format(_text);

    /// <summary>The connection is closed: gives its place back and forgets the rest.</summary>
    internal void Clear()
    {
        ProxyHeader = null;
        Ticket.Return();
        Ticket = default;
        Remote = default;
        AcceptedAt = 0;
    }

    [InlineArray(NetAddress.TextLengthMax)]
    private struct TextBytes
    {
        private byte _first;
    }
}
