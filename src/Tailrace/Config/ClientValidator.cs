using System.Net;
using System.Net.Sockets;
using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks of lists of clients against the clients that a listener can have.</summary>
/// <remarks>A list of which some entries are for others is no mistake: listeners of several kinds may share it.
/// </remarks>
internal static class ClientValidator
{
    private const Origins Ip = Origins.IPv4 | Origins.IPv6;

    [Flags]
    private enum Origins
    {
        None = 0,
        Unix = 1,
        IPv4 = 2,
        IPv6 = 4,
    }

    /// <summary>Reports lists that say nothing of anybody who can come, and limits of sources where there are none.
    /// </summary>
    public static void Check(ListenerOptions listener, string path, ProblemList problems)
    {
        if (!ListenAddress.TryParse(listener.Address, out ListenAddress address, out _)) return;
        bool hasHeader = listener.ProxyProtocol.Accept != ProxyProtocolMode.Off;
        Origins senders = OriginsOf(address);
        // Behind a PROXY header clients have addresses of any kind, but not those who send it.
        Origins clients = hasHeader ? senders | Ip : senders;
        if (hasHeader) CheckList(listener.ProxyProtocol.Trusted, "proxy_protocol.trusted", "trusted", senders);
        bool letsIn = CheckList(listener.Allow, "allow", "let in", clients);
        if (CheckList(listener.Deny, "deny", "kept out", clients) && letsIn)
            CheckDenied(listener, clients, path, problems);
        if (clients == Origins.Unix && listener.ConnectionLimits.PerSource is not { Rate: 0, Connections: 0 })
        {
            problems.Add(ConfigPath.Of(path, "connection_limits.per_source"),
                "the clients of a Unix socket have no address and are no source; expected 'rate' of the whole "
                + "listener, or 'max_connections'", ConfigPath.Of(path, "address"));
        }

        bool CheckList(IReadOnlyList<string> list, string key, string what, Origins those)
        {
            // That datagrams never come over Unix sockets was said already.
            bool isTold = listener.Protocol == ListenerProtocol.Udp && list.Contains(AddressRange.Unix);
            if (list.Count == 0 || isTold || list.Any(text => (OriginsOf(text) & those) != 0)) return true;
            string reason = those switch
            {
                Origins.Unix => "the clients of a Unix socket are in no range; expected 'unix' in the list",
                Ip => "nobody comes over a Unix socket here; expected a range of addresses in the list",
                _ => $"the clients of {address} have {those} addresses; expected a range of those in the list",
            };
            problems.Add(ConfigPath.Of(path, key), $"nobody is {what}: {reason}", ConfigPath.Of(path, "address"));
            return false;
        }
    }

    // Who puts an exception before the rule it is of expects the first that fits to win, as with other programs.
    private static void CheckDenied(ListenerOptions listener, Origins clients, string path, ProblemList problems)
    {
        string[] allowed = [.. listener.Allow.Where(text => (OriginsOf(text) & clients) != 0)];
        if (allowed.Length == 0 || !allowed.All(text => listener.Deny.Any(denied => Covers(denied, text)))) return;
        problems.Add(ConfigPath.Of(path, "allow"),
            "nobody is let in: 'deny' has all of them, and goes before 'allow'", ConfigPath.Of(path, "deny"));
    }

    private static bool Covers(string denied, string allowed)
    {
        if (denied == allowed) return true;
        return AddressRange.TryParse(denied, out IPNetwork outer, out _)
            && AddressRange.TryParse(allowed, out IPNetwork inner, out _)
            && outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);
    }

    private static Origins OriginsOf(ListenAddress address)
    {
        if (address.Path.Length > 0) return Origins.Unix;
        if (address.DualStack) return Ip;
        bool isIPv4 = address.Address.AddressFamily == AddressFamily.InterNetwork || address.Address.IsIPv4MappedToIPv6;
        return isIPv4 ? Origins.IPv4 : Origins.IPv6;
    }

    /// <summary>Whom an entry is for; of one that is wrong by itself nothing is concluded.</summary>
    private static Origins OriginsOf(string entry)
    {
        if (entry == AddressRange.Unix) return Origins.Unix;
        if (!AddressRange.TryParse(entry, out IPNetwork range, out _)) return Origins.Unix | Ip;
        return range.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? Origins.IPv4 : Origins.IPv6;
    }
}
