using System.Text;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Proxy.Balancing;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Hashes what the choice of a destination is to depend on.</summary>
/// <remarks>Immutable. A request that lacks the header or the cookie goes by its client's address.</remarks>
internal sealed class RequestKey(HashSource source, string name)
{
    private readonly byte[] _name = Encoding.ASCII.GetBytes(name);

    /// <summary>The key of a client's address: all its connections have the same.</summary>
    internal static ulong Of(NetAddress client)
    {
        Span<byte> text = stackalloc byte[NetAddress.TextLengthMax];
        return StableHash.Of(text[..client.Format(text)]);
    }

    /// <summary>The key of a request.</summary>
    internal ulong Of(Exchange exchange)
    {
        ReadOnlySpan<byte> value = default;
        switch (source)
        {
            case HashSource.Path:
                return StableHash.Of(exchange.Path);
            case HashSource.Header:
                value = exchange.RequestHeader(_name);
                break;
            case HashSource.Cookie:
                Cookies.TryFind(exchange.Request, exchange.RequestBytes, _name, out value);
                break;
        }
        return value.IsEmpty ? Of(exchange.Downstream.Remote) : StableHash.Of(value);
    }
}
