using System.Buffers;
using System.Text;
using Tailrace.Http;

namespace Tailrace.Proxy;

/// <summary>A request for <see cref="FetchClient"/> to make.</summary>
/// <remarks>May be sent any number of times; not to be changed while it is under way.</remarks>
public sealed class FetchRequest
{
    private const ulong WrittenByClient = HopByHop.Always
        | 1ul << (int)KnownHeader.ContentLength | 1ul << (int)KnownHeader.Host | 1ul << (int)KnownHeader.Expect;

    private readonly ArrayBufferWriter<byte> _fields = new();

    /// <summary>Describes a request.</summary>
    /// <param name="method">Any but CONNECT and those without a name.</param>
    /// <param name="url">An absolute <c>http</c> URL; what is wrong with it is told by the answer.</param>
    /// <param name="body">The body. It is not copied: leave it alone until the answer is there.</param>
    public FetchRequest(Method method, string url, ReadOnlyMemory<byte> body = default)
    {
        if (method == Method.Connect || Methods.Text(method).IsEmpty)
            throw new ArgumentException("not a method that can be fetched with", nameof(method));
        Method = method;
        Url = url;
        Body = body;
    }

    /// <summary>The method.</summary>
    public Method Method { get; }

    /// <summary>Where it goes.</summary>
    public string Url { get; }

    /// <summary>The body; empty for none.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>The added field lines, each with its CRLF.</summary>
    internal ReadOnlySpan<byte> Fields => _fields.WrittenSpan;

    /// <summary>
    /// The Content-Length to write, or -1 for none: a method that usually has content says so also when there is none
    /// (RFC 9110 section 8.6).
    /// </summary>
    internal long ContentLength =>
        Body.Length > 0 || Method is Method.Post or Method.Put or Method.Patch ? Body.Length : -1;

    /// <summary>Adds a field. Host, framing and what concerns the connection are the client's to write.</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The value; sent as UTF-8.</param>
    /// <exception cref="ArgumentException">The name or the value is not valid in HTTP, or not the caller's.</exception>
    public FetchRequest Header(string name, string value)
    {
        var nameBytes = Encoding.UTF8.GetBytes(name);
        var valueBytes = Encoding.UTF8.GetBytes(value);
        if (!HttpSyntax.IsToken(nameBytes) || !HttpSyntax.IsFieldValue(valueBytes))
            throw new ArgumentException($"not a valid field name or value: {name}");
        if ((WrittenByClient & KnownHeaders.Bit(KnownHeaders.Find(nameBytes))) != 0)
            throw new ArgumentException("written by the client itself", nameof(name));
        _fields.Write(nameBytes);
        _fields.Write(": "u8);
        _fields.Write(valueBytes);
        _fields.Write("\r\n"u8);
        return this;
    }
}
