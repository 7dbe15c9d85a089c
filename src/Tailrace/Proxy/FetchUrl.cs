using System.Net;
using System.Text;
using Tailrace.Http;

namespace Tailrace.Proxy;

/// <summary>The parts of an <c>http</c> URL that a fetch needs.</summary>
/// <param name="Host">A name in ASCII, or an address without brackets.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Ip">The address, when the host is one.</param>
/// <param name="Authority">Host and port as in a Host field: 80 is left out. Equal for equal origins.</param>
/// <param name="Target">Path and query in ASCII.</param>
internal readonly record struct FetchUrl(string Host, int Port, IPAddress? Ip, string Authority, byte[] Target)
{
    /// <summary>Takes a URL apart. No user information: it is there to make a name look like another.</summary>
    internal static bool TryParse(string text, out FetchUrl url)
    {
        url = default;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri)) return false;
        if (uri.Scheme != Uri.UriSchemeHttp || uri.UserInfo.Length > 0 || uri.Port <= 0) return false;
        var host = uri.IdnHost;
        var authority = uri.HostNameType == UriHostNameType.IPv6 ? $"[{host}]" : host;
        if (!uri.IsDefaultPort) authority = $"{authority}:{uri.Port}";
        if (!AuthoritySyntax.IsValid(Encoding.UTF8.GetBytes(authority))) return false;
        // The class has escaped what may not stand in a target; that nothing was forgotten is checked all the same.
        var target = Encoding.UTF8.GetBytes(uri.PathAndQuery);
        foreach (var value in target)
        {
            if (!HttpSyntax.IsTargetByte(value)) return false;
        }
        IPAddress.TryParse(host, out var ip);
        url = new FetchUrl(host, uri.Port, ip, authority, target);
        return true;
    }
}
