using System.Net;
using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>
/// Checks options before anything is built from them: every value by itself, then values against each other.
/// </summary>
/// <remarks>Pure, and the same for options from a file and options built in C#.</remarks>
public static class Validator
{
    /// <summary>Everything that is wrong with the options; empty when they can be used.</summary>
    /// <param name="options">The options.</param>
    /// <param name="hasHandlers">Whether code answers requests too, so that listeners without routes are no
    /// mistake.</param>
    /// <param name="isOwn">Whether an address is this machine's, which shows what leads back to a listener on every
    /// address; null: of loopback ones alone it is known.</param>
    public static IReadOnlyList<ConfigProblem> Validate(
        TailraceOptions options, bool hasHandlers = false, Func<IPAddress, bool>? isOwn = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return [.. Find(options, hasHandlers, isOwn).All.Select(p => p.Problem)];
    }

    /// <summary>As <see cref="Validate"/>, with what each problem rests on.</summary>
    internal static ProblemList Find(TailraceOptions options, bool hasHandlers, Func<IPAddress, bool>? isOwn)
    {
        var problems = new ProblemList();
        ConfigSchema.Root.Check(options, "", problems);
        CheckBuffers(options.Buffers, problems);
        CheckListeners(options, problems);
        TcpValidator.Check(options, problems);
        UdpValidator.Check(options, problems);
        new LoopValidator(options, hasHandlers, isOwn ?? IPAddress.IsLoopback, problems).Check();
        DestinationValidator.Check(options, problems);
        UnusedValidator.Check(options, problems);
        CheckClusters(options, problems);
        RouteValidator.Check(options, hasHandlers, problems);
        return problems;
    }

    private static void CheckBuffers(BufferOptions buffers, ProblemList problems)
    {
        if (buffers.BulkBlock < buffers.Block)
        {
            problems.Add("buffers.bulk_block",
                $"{Bytes(buffers.BulkBlock)} is less than buffers.block, {Bytes(buffers.Block)}", "buffers.block");
        }
        if (buffers.Max < buffers.BulkBlock)
        {
            problems.Add("buffers.max",
                $"{Bytes(buffers.Max)} does not hold one bulk block of {Bytes(buffers.BulkBlock)}",
                "buffers.bulk_block");
        }
    }

    private static void CheckListeners(TailraceOptions options, ProblemList problems)
    {
        var names = new Dictionary<string, int>();
        var addresses = new List<(ListenAddress Address, int Index)>();
        var datagramAddresses = new List<(ListenAddress Address, int Index)>();
        for (int i = 0; i < options.Listeners.Count; i++)
        {
            ListenerOptions listener = options.Listeners[i];
            string path = ConfigPath.Of("listeners", i);
            if (listener.Name.Length > 0 && !names.TryAdd(listener.Name, i))
            {
                problems.Add(ConfigPath.Of(path, "name"),
                    $"listeners[{names[listener.Name]}] is called '{listener.Name}' too");
            }
            // A port of UDP is another one than that of TCP.
            var earlier = listener.Protocol == ListenerProtocol.Udp ? datagramAddresses : addresses;
            CheckAddress(listener.Address, ConfigPath.Of(path, "address"), i, earlier, problems);
            if (listener.ProxyProtocol is { Accept: ProxyProtocolMode.Optional, Trusted.Count: 0 })
            {
                problems.Add(ConfigPath.Of(path, "proxy_protocol.trusted"),
                    "'accept: optional' needs the addresses that are trusted; anybody could pretend to be anybody "
                    + "else");
            }
            ClientValidator.Check(listener, path, problems);
            if (listener.ForwardProxy is not null && listener.Protocol != ListenerProtocol.Forward)
            {
                problems.Add(ConfigPath.Of(path, "forward_proxy"),
                    "the listener is no forward proxy; that is one with 'protocol: forward'",
                    ConfigPath.Of(path, "protocol"));
            }
            if (listener.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Udp) continue;
            CheckFits(listener.Limits.Head, ConfigPath.Of(path, "limits.head"), options.Buffers, problems);
            if (listener.Limits.Target > listener.Limits.Head)
            {
                problems.Add(ConfigPath.Of(path, "limits.target"),
                    $"{Bytes(listener.Limits.Target)} is more than limits.head, {Bytes(listener.Limits.Head)}",
                    ConfigPath.Of(path, "limits.head"));
            }
        }
        if (options.Admin is { } admin)
            CheckAddress(admin.Address, "admin.address", options.Listeners.Count, addresses, problems);
    }

    private static void CheckAddress(
        string text, string path, int index, List<(ListenAddress Address, int Index)> earlier, ProblemList problems)
    {
        if (!ListenAddress.TryParse(text, out ListenAddress address, out _)) return;
        if (address is { Port: 0, Path.Length: 0 }) return;
        foreach ((ListenAddress other, int otherIndex) in earlier)
        {
            if (!address.Covers(other) && !other.Covers(address)) continue;
            problems.Add(path, address == other
                ? $"listeners[{otherIndex}] listens on {other} already"
                : $"{address} and {other}, where listeners[{otherIndex}] listens, have addresses in common; give "
                    + "another port, or one address each");
            return;
        }
        earlier.Add((address, index));
    }

    private static void CheckClusters(TailraceOptions options, ProblemList problems)
    {
        foreach ((string name, ClusterOptions cluster) in options.Clusters)
        {
            string path = ConfigPath.Of("clusters", name);
            bool isForTcp = TcpValidator.IsForTcp(name, options);
            string head = ConfigPath.Of(path, "limits.head");
            if (!isForTcp) CheckFits(cluster.Limits.Head, head, options.Buffers, problems);
            if (cluster.Retry is { } retry)
                CheckFits(retry.Body, ConfigPath.Of(path, "retry.body"), options.Buffers, problems);
            ClusterValidator.Check(name, options, problems);
            var seen = new Dictionary<string, int>();
            for (int i = 0; i < cluster.Destinations.Count; i++)
            {
                string text = cluster.Destinations[i].Address;
                if (!DestinationAddress.TryParse(text, out DestinationAddress address, out _)) continue;
                if (seen.TryAdd(address.Name, i)) continue;
                int first = seen[address.Name];
                problems.Add(ConfigPath.Of(ConfigPath.Of(path, "destinations"), i),
                    $"destinations[{first}] is {cluster.Destinations[first].Address} already; a larger share is a "
                    + "'weight'");
            }
        }
    }

    private static void CheckFits(int count, string path, BufferOptions buffers, ProblemList problems)
    {
        if (count <= buffers.Block) return;
        problems.Add(path,
            $"{Bytes(count)} does not fit a block of {Bytes(buffers.Block)}; lower it or raise buffers.block",
            "buffers.block");
    }

    private static string Bytes(long count) => new SizeKind<long>(0, long.MaxValue).Format(count);
}
