using System.Globalization;
using System.Net;

namespace Tailrace.Config;

/// <summary>
/// Where requests are forwarded to: the meaning of the text in <see cref="DestinationOptions.Address"/>.
/// </summary>
/// <param name="Host">The name or the IP address, without brackets.</param>
/// <param name="Port">1 to 65535; 80 when the text gives none.</param>
/// <param name="Ip">The address, when <paramref name="Host"/> is one; null when it is a name that must be looked
/// up.</param>
public readonly record struct DestinationAddress(string Host, int Port, IPAddress? Ip)
{
    private const int HttpPort = 80;
    private const string ServiceScheme = "srv://";

    /// <summary>The path of a Unix socket, or empty.</summary>
    public string Path { get => field ?? ""; init; }

    /// <summary><c>http</c>, <c>tcp</c> or <c>udp</c>; empty when none was written, or none of them.</summary>
    public string Scheme { get => field ?? ""; init; }

    /// <summary>Whether it is the name of a service, whose SRV records say where it is (RFC 2782).</summary>
    public bool IsService { get; init; }

    /// <summary>Whether a port was written, or is not needed.</summary>
    public bool HasPort { get; init; }

    /// <summary>What logs call the destination.</summary>
    public string Name => Path.Length > 0 ? $"unix:{Path}" : IsService ? $"srv://{Host}" : Authority;

    /// <summary>
    /// What <c>Host</c> is when a route asks for <c>destination</c> (RFC 9110 section 7.2): 80 is left out.
    /// </summary>
    public string Authority
    {
        get
        {
            if (Path.Length > 0 || IsService) return Host;
            string host = Host.Contains(':') ? $"[{Host}]" : Host;
            return Port == HttpPort ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");
        }
    }

    /// <summary>
    /// Reads <c>http://host[:port]</c>, <c>tcp://host:port</c>, <c>udp://host:port</c>,
    /// <c>srv://_http._tcp.example</c> or <c>unix:/path</c>. The scheme may be left out; a path, a query or a user may
    /// not be given.
    /// </summary>
    /// <param name="text">The text as written.</param>
    /// <param name="address">The meaning of the text.</param>
    /// <param name="error">What is wrong with the text, for people; empty when nothing is.</param>
    public static bool TryParse(string text, out DestinationAddress address, out string error)
    {
        address = default;
        if (UnixPath.IsMeant(text))
        {
            if (!UnixPath.TryParse(text, out string path, out error)) return false;
            address = new DestinationAddress("localhost", HttpPort, null) { Path = path, HasPort = true };
            return true;
        }
        if (text.StartsWith(ServiceScheme, StringComparison.OrdinalIgnoreCase))
            return TryParseService(text[ServiceScheme.Length..], out address, out error);
        if (!TryStripScheme(text, out string scheme, out string authority, out error)) return false;

        int end = authority.AsSpan().IndexOfAny("/?#");
        if (end >= 0)
        {
            bool rootOnly = authority[end..] == "/";
            if (!rootOnly)
            {
                error = $"'{text}' has a path; a destination is a host and a port, and paths are forwarded as they are";
                return false;
            }
            authority = authority[..end];
        }
        if (authority.Contains('@'))
        {
            error = $"'{text}' has a user name; credentials cannot be given in a destination";
            return false;
        }
        if (!HostAndPort.TrySplit(authority, out string host, out string port, out error)) return false;
        if (host.Length == 0)
        {
            error = $"'{text}' has no host; write for example 'http://127.0.0.1:9001'";
            return false;
        }
        int number = HttpPort;
        if (port.Length > 0 && !HostAndPort.TryParsePort(port, 1, out number, out error)) return false;

        bool isIp = HostAndPort.TryParseIp(host, out IPAddress ip);
        if (!isIp && !HostAndPort.IsName(host))
        {
            error = $"'{host}' is neither an IP address nor a host name";
            return false;
        }
        address = new DestinationAddress(isIp ? ip.ToString() : host.ToLowerInvariant(), number, isIp ? ip : null)
        {
            Scheme = scheme,
            HasPort = port.Length > 0,
        };
        return true;
    }

    /// <summary>The address as a URL, with the scheme that was written or else <c>http</c>.</summary>
    public override string ToString() => ToString("http");

    /// <summary>The address as a URL.</summary>
    /// <param name="scheme">The scheme where none was written: <c>tcp</c>.</param>
    public string ToString(string scheme)
    {
        if (Path.Length > 0 || IsService) return Name;
        if (Scheme.Length > 0) scheme = Scheme;
        if (scheme == "http") return $"http://{Authority}";
        // Only HTTP has a usual port that may be left out.
        string host = Host.Contains(':') ? $"[{Host}]" : Host;
        return string.Create(CultureInfo.InvariantCulture, $"{scheme}://{host}:{Port}");
    }

    private static bool TryParseService(string name, out DestinationAddress address, out string error)
    {
        bool isName = HostAndPort.IsName(name);
        // A final dot says that the name is whole, as it is anyway.
        if (name.EndsWith('.')) name = name[..^1];
        // _service._protocol.domain: RFC 2782.
        string[] labels = name.Split('.');
        bool isService = isName && labels.Length >= 3
            && labels[0].StartsWith('_') && labels[1].StartsWith('_');
        address = isService
            ? new DestinationAddress(name.ToLowerInvariant(), 0, null) { IsService = true, HasPort = true }
            : default;
        error = isService ? "" : $"'{name}' is not the name of a service, such as _http._tcp.example; it says the port";
        return isService;
    }

    private static bool TryStripScheme(string text, out string scheme, out string rest, out string error)
    {
        (scheme, rest, error) = ("", text, "");
        int mark = text.IndexOf("://", StringComparison.Ordinal);
        if (mark < 0) return true;
        string written = text[..mark];
        scheme = written.ToLowerInvariant();
        rest = text[(mark + 3)..];
        if (scheme == "http") return true;
        if (scheme is "tcp" or "udp")
        {
            bool hasPort = rest.LastIndexOf(':') > rest.LastIndexOf(']');
            if (!hasPort) error = $"'{text}' has no port; write for example '{text}:{(scheme == "udp" ? 53 : 5432)}'";
            return hasPort;
        }
        error = scheme == "https"
            ? $"'{text}': https to destinations is not supported yet; use http:// on a trusted network"
            : $"'{text}': unknown scheme '{written}'; expected http://host, tcp://host:port, udp://host:port, "
                + "srv://_service._tcp.name or unix:/path";
        return false;
    }
}
