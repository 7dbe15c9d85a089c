using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tailrace.Config;

/// <summary>Where a listener listens: the meaning of the text in <see cref="ListenerOptions.Address"/>.</summary>
/// <param name="Address">The address to bind; <see cref="IPAddress.IPv6Any"/> when the text names none.</param>
/// <param name="Port">0 to 65535; 0 lets the kernel choose.</param>
/// <param name="DualStack">Whether one IPv6 socket also takes IPv4 clients: so for <c>:8080</c> and
/// <c>[::]:8080</c>.</param>
public readonly record struct ListenAddress(IPAddress Address, int Port, bool DualStack)
{
    /// <summary>The path of a Unix socket, or empty.</summary>
    public string Path { get => field ?? ""; init; }

    /// <summary>What to bind.</summary>
    public EndPoint EndPoint => Path.Length > 0 ? new UnixDomainSocketEndPoint(Path) : new IPEndPoint(Address, Port);

    /// <summary>
    /// Reads <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>:8080</c>, <c>*:8080</c>, <c>localhost:8080</c> or
    /// <c>unix:/path</c>.
    /// </summary>
    /// <param name="text">The text as written.</param>
    /// <param name="address">The meaning of the text.</param>
    /// <param name="error">What is wrong with the text, for people; empty when nothing is.</param>
    /// <remarks>
    /// Names other than <c>localhost</c> are refused: what a process listens on must not depend on a look-up.
    /// </remarks>
    public static bool TryParse(string text, out ListenAddress address, out string error)
    {
        address = default;
        if (UnixPath.IsMeant(text))
        {
            if (!UnixPath.TryParse(text, out string path, out error)) return false;
            address = new ListenAddress(IPAddress.None, 0, DualStack: false) { Path = path };
            return true;
        }
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
        {
            string meant = text[(scheme + 3)..].TrimEnd('/');
            error = $"'{text}' has a scheme, and is to be an address alone; write '{meant}'";
            return false;
        }
        if (!HostAndPort.TrySplit(text, out string host, out string port, out error)) return false;
        if (port.Length == 0)
        {
            bool onlyPort = host.Length > 0 && host.All(char.IsAsciiDigit);
            error = $"'{text}' has no port; write for example '{(onlyPort ? $":{text}" : $"{text}:8080")}'";
            return false;
        }
        if (!HostAndPort.TryParsePort(port, 0, out int number, out error)) return false;

        if (host is "" or "*")
        {
            address = new ListenAddress(IPAddress.IPv6Any, number, DualStack: true);
            return true;
        }
        if (host == "localhost")
        {
            address = new ListenAddress(IPAddress.Loopback, number, DualStack: false);
            return true;
        }
        if (!HostAndPort.TryParseIp(host, out IPAddress ip))
        {
            error = $"'{host}' is not an IP address; listeners take an address of this machine, not a name";
            return false;
        }
        error = FaultOf(ip, number);
        if (error.Length > 0) return false;
        address = new ListenAddress(ip, number, DualStack: ip.Equals(IPAddress.IPv6Any));
        return true;
    }

    /// <summary>Why no system would bind an address; empty where one may.</summary>
    private static string FaultOf(IPAddress ip, int port)
    {
        if (ip.IsIPv4MappedToIPv6)
            return $"'{ip}' is an IPv4 address in the notation of IPv6; write '{ip.MapToIPv4()}:{port}'";
        if (ip is { IsIPv6LinkLocal: true, ScopeId: 0 })
            return $"'{ip}' is there for each interface; write which of this machine, as in '[{ip}%eth0]:{port}'";
        return "";
    }

    /// <summary>Whether another address, of the same transport, is this one or among those of this wildcard.</summary>
    /// <param name="other">The other address.</param>
    internal bool Covers(ListenAddress other)
    {
        if (Path.Length + other.Path.Length > 0) return Path == other.Path;
        return Port == other.Port && Covers(other.Address);
    }

    /// <summary>Whether what is sent to an address of this machine comes here, if the port is this one too.</summary>
    internal bool Covers(IPAddress other)
    {
        if (other.IsIPv4MappedToIPv6) other = other.MapToIPv4();
        return DualStack || Address.Equals(other)
            || Address.Equals(IPAddress.Any) && other.AddressFamily == AddressFamily.InterNetwork;
    }

    /// <summary>Whether who connects to a destination comes here.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="isOwn">Whether an address is this machine's. Asked last: few configurations make it necessary.
    /// </param>
    public bool IsReachedBy(DestinationAddress destination, Func<IPAddress, bool> isOwn)
    {
        ArgumentNullException.ThrowIfNull(isOwn);
        if (Path.Length + destination.Path.Length > 0) return Path == destination.Path;
        if (destination.IsService || destination.Port != Port) return false;
        if (destination.Host is "localhost" or "localhost.")
            return Covers(IPAddress.Loopback) || Covers(IPAddress.IPv6Loopback);
        if (destination.Ip is not { } ip) return false;
        if (ip.IsIPv4MappedToIPv6) ip = ip.MapToIPv4();
        // Whoever connects to the wildcard address gets the loopback one.
        if (ip.Equals(IPAddress.Any)) ip = IPAddress.Loopback;
        if (ip.Equals(IPAddress.IPv6Any)) ip = IPAddress.IPv6Loopback;
        bool isWildcard = Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any);
        return isWildcard ? Covers(ip) && isOwn(ip) : Address.Equals(ip);
    }

    /// <summary>The address as it is written in logs: brackets around IPv6.</summary>
    public override string ToString()
    {
        if (Path.Length > 0) return $"unix:{Path}";
        string host = Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Address}]" : Address.ToString();
        return string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");
    }
}
