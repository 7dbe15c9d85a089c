using System.Net;
using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>Where a forward proxy may connect to. Immutable; one object serves all workers.</summary>
/// <remarks>
/// A name is judged twice: as it is asked for, and by each address that it has. What is not on the public Internet (RFC
/// 6890: loopback, link-local, private, multicast, documentation) is refused unless it is allowed by its range, so a
/// name that a stranger controls cannot lead to a neighbour of the proxy.
/// </remarks>
internal sealed class EgressPolicy
{
    /// <summary>
    /// The IANA special-purpose registries. Of IPv6 only 2000::/3 is public at all, without what wraps an IPv4 address
    /// (6to4, Teredo), since that address would have to be judged too.
    /// </summary>
    private static readonly AddressSet s_special = new(Array.ConvertAll<string, IPNetwork>(
    [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3",
        "::/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "4000::/2", "8000::/1",
    ], IPNetwork.Parse));

    private readonly string[] _hosts;
    private readonly int[] _ports;
    private readonly AddressSet _allowed;
    private readonly AddressSet _denied;

    /// <summary>Creates a policy.</summary>
    /// <param name="hosts">Names that may be asked for, <c>*.name</c> for those below one; none: all.</param>
    /// <param name="ports">Ports that may be asked for.</param>
    /// <param name="allowed">Ranges that are allowed although they are not public.</param>
    /// <param name="denied">Ranges that are refused whatever else says.</param>
    internal EgressPolicy(
        string[] hosts, int[] ports, IReadOnlyCollection<IPNetwork> allowed, IReadOnlyCollection<IPNetwork> denied)
    {
        _hosts = Array.ConvertAll(hosts, host => host.Trim('[', ']').TrimEnd('.'));
        _ports = ports;
        _allowed = new AddressSet(allowed);
        _denied = new AddressSet(denied);
    }

    /// <summary>Whether the port may be asked for.</summary>
    internal bool AllowsPort(int port) => Array.IndexOf(_ports, port) >= 0;

    /// <summary>Whether the name, or the address in place of one, may be asked for.</summary>
    internal bool AllowsName(string host)
    {
        if (_hosts.Length == 0) return true;
        var name = host.AsSpan().TrimEnd('.');
        foreach (var pattern in _hosts)
        {
            var isMatch = pattern.StartsWith("*.", StringComparison.Ordinal)
                ? name.Length >= pattern.Length && name.EndsWith(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase)
                : name.Equals(pattern, StringComparison.OrdinalIgnoreCase);
            if (isMatch) return true;
        }
        return false;
    }

    /// <summary>Whether the address may be connected to.</summary>
    internal bool AllowsAddress(IPAddress address)
    {
        var plain = NetAddress.From(new IPEndPoint(address, 0));
        return !_denied.Contains(plain) && (_allowed.Contains(plain) || !s_special.Contains(plain));
    }

    /// <summary>Those of the addresses that may be connected to.</summary>
    internal IPAddress[] Allowed(IPAddress[] addresses) => Array.FindAll(addresses, AllowsAddress);
}
