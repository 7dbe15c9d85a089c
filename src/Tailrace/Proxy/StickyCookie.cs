using System.Globalization;
using System.Text;
using Tailrace.Http;
using Tailrace.Proxy.Balancing;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Keeps a client with its destination by a cookie that names it.</summary>
/// <remarks>
/// The value is a hash of the cluster and the destination's address: it tells clients nothing, and every proxy with the
/// same configuration reads it alike, before and after a restart. Used on its reactor's thread only.
/// </remarks>
internal sealed class StickyCookie
{
    private readonly byte[] _name;
    private readonly Destination[] _destinations;
    private readonly ulong[] _ids;
    private readonly byte[][] _fields;

    internal StickyCookie(StickySettings settings, string cluster, Destination[] destinations)
    {
        _name = Encoding.ASCII.GetBytes(settings.Cookie);
        _destinations = destinations;
        var seed = StableHash.Of(Encoding.UTF8.GetBytes(cluster));
        _ids = Array.ConvertAll(destinations, one => StableHash.Of(one.NameBytes.Span, seed));
        _fields = Array.ConvertAll(_ids, id => FieldOf(settings, id));
    }

    /// <summary>The destination that the client's cookie names, if it is still there.</summary>
    internal Destination? Find(Exchange exchange)
    {
        if (!Cookies.TryFind(exchange.Request, exchange.RequestBytes, _name, out var value)) return null;
        const NumberStyles hex = NumberStyles.AllowHexSpecifier;
        if (!ulong.TryParse(value, hex, CultureInfo.InvariantCulture, out var id)) return null;
        var index = Array.IndexOf(_ids, id);
        return index < 0 ? null : _destinations[index];
    }

    /// <summary>Lets the answer tell the client to stay with a destination.</summary>
    internal void Set(Exchange exchange, Destination destination) =>
        exchange.AddedFields = _fields[Array.IndexOf(_destinations, destination)];

    private static byte[] FieldOf(StickySettings settings, ulong id)
    {
        var age = settings.MaxAgeSeconds > 0
            ? string.Create(CultureInfo.InvariantCulture, $"; Max-Age={settings.MaxAgeSeconds}")
            : "";
        var secure = settings.Secure ? "; Secure" : "";
        return Encoding.ASCII.GetBytes(
            $"Set-Cookie: {settings.Cookie}={id:x16}; Path=/{age}; HttpOnly; SameSite=Lax{secure}\r\n");
    }
}
