using System.Net;
using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks for what leads back to the listener that it came from, without end.</summary>
/// <remarks>
/// Told is what surely does so for some connection or request. One that is changed on its way may take another route
/// when it comes again, and then there is an end: so may a path that a first route rewrites be that of a second.
/// </remarks>
/// <param name="options">The options.</param>
/// <param name="hasHandlers">Whether code answers requests too.</param>
/// <param name="isOwn">Whether an address is this machine's.</param>
/// <param name="problems">Gets them.</param>
internal sealed class LoopValidator(
    TailraceOptions options, bool hasHandlers, Func<IPAddress, bool> isOwn, ProblemList problems)
{
    private readonly HashSet<(int Listener, string Destination)> _told = [];

    private enum Kind
    {
        Requests,
        Connections,
        Datagrams,
    }

    /// <summary>Reports listeners that forward to themselves, at once or by way of others.</summary>
    public void Check()
    {
        for (int i = 0; i < options.Listeners.Count; i++)
        {
            ListenerOptions listener = options.Listeners[i];
            if (!IsHttp(listener) || listener.Protocol == ListenerProtocol.Mixed)
            {
                foreach (string name in listener.TlsRoutes.Select(route => route.Cluster).Append(listener.Cluster))
                    CheckCluster(name, i, _ => true);
            }
            if (IsHttp(listener)) CheckRoutes(i);
        }
        // What went all of its way as it is was found already.
        foreach (Kind kind in new[] { Kind.Connections, Kind.Datagrams, Kind.Requests })
        {
            for (int i = 0; i < options.Listeners.Count; i++) CheckCircles(i, i, kind, [i]);
        }
    }

    private static bool IsHttp(ListenerOptions listener) =>
        listener.Protocol is ListenerProtocol.Http or ListenerProtocol.Forward or ListenerProtocol.Mixed;

    private IReadOnlyList<RouteOptions> RoutesOf(ListenerOptions listener) =>
        listener.Routes.Count > 0 || listener.Protocol == ListenerProtocol.Forward ? listener.Routes : options.Routes;

    /// <summary>
    /// Reports routes whose requests come to the same route again: those that change nothing that any route of the
    /// listener looks at.
    /// </summary>
    private void CheckRoutes(int listener)
    {
        IReadOnlyList<RouteOptions> routes = RoutesOf(options.Listeners[listener]);
        // Who forwards is another client, and adds fields.
        if (routes.Any(route => route.Match.Source.Count + route.Match.Header.Count > 0)) return;
        bool byPath = hasHandlers || routes.Any(route =>
            route.Match.Path.Length + route.Match.Query.Count > 0 || route.Match.PathPrefix is not ("" or "/"));
        foreach (RouteOptions route in routes)
        {
            if (route.Rewrite is not null && byPath) continue;
            foreach (string name in ClustersOf(route))
                CheckCluster(name, listener, destination => KeepsHost(route, destination, routes));
        }
    }

    private static IEnumerable<string> ClustersOf(RouteOptions route) =>
        (route.Split?.To.Where(target => target.Weight > 0).Select(target => target.Cluster) ?? [])
            .Append(route.Cluster).Append(route.Mirror?.Cluster ?? "");

    /// <summary>Whether the host that a destination is asked for leads to the same route as the one before.</summary>
    private bool KeepsHost(RouteOptions route, DestinationAddress destination, IReadOnlyList<RouteOptions> routes)
    {
        if (route.HostHeader == "keep") return true;
        if (hasHandlers || route.Match.Host.Count > 1) return false;
        string host = destination.Host;
        if (route.HostHeader != "destination")
        {
            if (!HostAndPort.TrySplit(route.HostHeader, out host, out _, out _)) return false;
            host = host.ToLowerInvariant();
        }
        if (host.Contains(':')) host = $"[{host}]";
        string own = route.Match.Host is [var only] ? Normal(only) : "";
        IEnumerable<string> patterns = routes
            .SelectMany(one => one.Match.Host.Count > 0 ? one.Match.Host : [""]).Select(Normal);
        return own == patterns.Where(pattern => Covers(pattern, host.TrimEnd('.')))
            .MaxBy(pattern => pattern.StartsWith('*') ? pattern.Length : pattern.Length * 1000);
    }

    private static string Normal(string host) => host.TrimEnd('.').ToLowerInvariant();

    private static bool Covers(string pattern, string host) =>
        pattern.Length == 0 || pattern == host
        || pattern.StartsWith('*') && host.EndsWith(pattern[1..], StringComparison.Ordinal);

    private void CheckCluster(string name, int listener, Func<DestinationAddress, bool> isSame)
    {
        if (!ListenAddress.TryParse(options.Listeners[listener].Address, out ListenAddress address, out _)) return;
        foreach ((string path, string text, DestinationAddress destination) in DestinationsOf(name))
        {
            if (!address.IsReachedBy(destination, isOwn) || !isSame(destination)) continue;
            Tell(path, listener,
                $"'{text}' leads back to the listener on {address} that forwards to it, without end; give another "
                + (address.Path.Length > 0 ? "path" : "address or port"));
        }
    }

    /// <summary>Reports ways from one listener over those behind it in the list back to it.</summary>
    private void CheckCircles(int first, int last, Kind kind, HashSet<int> passed)
    {
        foreach ((string path, string text, DestinationAddress destination) in DestinationsOf(ClusterOfAll(last, kind)))
        {
            for (int next = first; next < options.Listeners.Count; next++)
            {
                ListenerOptions listener = options.Listeners[next];
                if ((listener.Protocol == ListenerProtocol.Udp) != (kind == Kind.Datagrams)
                    || !ListenAddress.TryParse(listener.Address, out ListenAddress address, out _)
                    || !address.IsReachedBy(destination, isOwn))
                    continue;
                if (next == first && last != first)
                {
                    Tell(path, first,
                        $"'{text}' leads back to the listener on {address}, from which "
                        + $"{kind.ToString().ToLowerInvariant()} come here, without end; give another "
                        + (address.Path.Length > 0 ? "path" : "address or port"));
                }
                else if (passed.Add(next))
                {
                    CheckCircles(first, next, kind, passed);
                }
            }
        }
    }

    /// <summary>The cluster that a listener forwards everything of a kind to as it is, but for what others are for;
    /// empty where there is none.</summary>
    private string ClusterOfAll(int index, Kind kind)
    {
        ListenerOptions listener = options.Listeners[index];
        if ((listener.Protocol == ListenerProtocol.Udp) != (kind == Kind.Datagrams)) return "";
        if (listener.Protocol == ListenerProtocol.Tcp || kind != Kind.Requests) return listener.Cluster;
        IReadOnlyList<RouteOptions> routes = RoutesOf(listener);
        if (hasHandlers || routes.Count != 1) return "";
        MatchOptions match = routes[0].Match;
        bool takesAll = match is { Host.Count: 0, Path: "", PathPrefix: "" or "/", HasConditions: false };
        return takesAll ? routes[0].Cluster : "";
    }

    private IEnumerable<(string Path, string Text, DestinationAddress Address)> DestinationsOf(string name)
    {
        if (!options.Clusters.TryGetValue(name, out ClusterOptions? cluster)) yield break;
        string at = ConfigPath.Of(ConfigPath.Of("clusters", name), "destinations");
        for (int i = 0; i < cluster.Destinations.Count; i++)
        {
            string text = cluster.Destinations[i].Address;
            if (DestinationAddress.TryParse(text, out DestinationAddress address, out _))
                yield return (ConfigPath.Of(at, i), text, address);
        }
    }

    private void Tell(string destination, int listener, string message)
    {
        if (!_told.Add((listener, destination))) return;
        problems.Add(destination, message, ConfigPath.Of(ConfigPath.Of("listeners", listener), "address"));
    }
}
