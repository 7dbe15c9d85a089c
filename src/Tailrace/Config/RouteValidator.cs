using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks of routes against each other, against clusters and against listeners.</summary>
internal static class RouteValidator
{
    /// <summary>Reports routes that lead nowhere, that no request can reach, and listeners without routes.</summary>
    public static void Check(TailraceOptions options, bool hasHandlers, ProblemList problems)
    {
        bool rootIsUsed = options.Listeners.Count == 0;
        bool anyHttp = false;
        for (int i = 0; i < options.Listeners.Count; i++)
        {
            // What is not HTTP has no routes.
            if (options.Listeners[i].Protocol != ListenerProtocol.Http) continue;
            anyHttp = true;
            string path = ConfigPath.Of("listeners", i);
            IReadOnlyList<RouteOptions> own = options.Listeners[i].Routes;
            rootIsUsed |= own.Count == 0;
            if (own.Count == 0 && options.Routes.Count == 0 && !hasHandlers)
            {
                problems.Add(path, "it has no routes, and neither has the root: every request would get 404", "routes");
            }
            CheckList(own, ConfigPath.Of(path, "routes"), options, problems);
        }
        if (!rootIsUsed && options.Routes.Count > 0)
        {
            problems.Add("routes", anyHttp
                ? "no listener uses them: every listener has routes of its own"
                : "no listener uses them: none is an http listener", "listeners");
        }
        CheckList(options.Routes, "routes", options, problems);
    }

    private static void CheckList(
        IReadOnlyList<RouteOptions> routes, string path, TailraceOptions options, ProblemList problems)
    {
        var taken = new Dictionary<(string Host, string Path, bool IsPrefix), int>();
        for (int i = 0; i < routes.Count; i++)
        {
            string at = ConfigPath.Of(path, i);
            CheckTarget(routes[i], at, options, problems);
            CheckReachable(routes[i], i, at, taken, problems);
        }
    }

    private static void CheckTarget(RouteOptions route, string path, TailraceOptions options, ProblemList problems)
    {
        if (route.Cluster.Length > 0 && route.Respond is not null)
        {
            problems.Add(path, "it has both 'cluster' and 'respond'; a request can have one answer only");
        }
        else if (route.Cluster.Length == 0 && route.Respond is null)
        {
            problems.Add(path, "it leads nowhere; give it a 'cluster' or 'respond'", ConfigPath.Of(path, "cluster"));
        }
        else if (route.Cluster.Length > 0)
        {
            CheckCluster(route.Cluster, ConfigPath.Of(path, "cluster"), options, problems);
            if (route.HostHeader == "destination") CheckHosts(route.Cluster, path, options, problems);
        }
        // RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5: these end with their head or have nothing to say.
        if (route.Respond is { Status: 204 or 205 or 304, Body.Length: > 0 } respond)
        {
            problems.Add(ConfigPath.Of(path, "respond.body"), $"an answer with status {respond.Status} has no body");
        }
    }

    private static void CheckHosts(string name, string path, TailraceOptions options, ProblemList problems)
    {
        if (!options.Clusters.TryGetValue(name, out ClusterOptions? cluster)) return;
        if (!cluster.Destinations.Any(destination => UnixPath.IsMeant(destination.Address))) return;
        problems.Add(ConfigPath.Of(path, "host_header"), $"cluster '{name}' has a Unix socket, whose path is no host");
    }

    /// <summary>Reports a name that is no cluster's.</summary>
    public static void CheckCluster(string name, string path, TailraceOptions options, ProblemList problems)
    {
        if (options.Clusters.ContainsKey(name)) return;
        string hint = Suggestion.For(name, options.Clusters.Keys) is { } meant
            ? $"; did you mean '{meant}'?"
            : options.Clusters.Count > 0 ? $"; expected {string.Join(" or ", options.Clusters.Keys)}" : "";
        problems.Add(path, $"there is no cluster '{name}'{hint}", "clusters");
    }

    // The most specific route wins whatever the order, so the only unreachable route is one that repeats another.
    private static void CheckReachable(
        RouteOptions route,
        int index,
        string path,
        Dictionary<(string Host, string Path, bool IsPrefix), int> taken,
        ProblemList problems)
    {
        MatchOptions match = route.Match;
        if (match.Path.Length > 0 && match.PathPrefix.Length > 0)
        {
            problems.Add(ConfigPath.Of(path, "match"), "it has both 'path' and 'path_prefix'; give one of them");
            return;
        }
        bool isPrefix = match.Path.Length == 0;
        string matched = !isPrefix ? match.Path : match.PathPrefix.Length > 0 ? match.PathPrefix : "/";
        IReadOnlyList<string> hosts = match.Host.Count > 0 ? match.Host : [""];
        for (int i = 0; i < hosts.Count; i++)
        {
            var key = (hosts[i].TrimEnd('.').ToLowerInvariant(), matched, isPrefix);
            if (taken.TryAdd(key, index)) continue;
            int first = taken[key];
            string host = hosts[i].Length == 0 ? "every host" : $"host '{hosts[i]}'";
            string what = isPrefix ? matched == "/" ? "every path" : $"path_prefix '{matched}'" : $"path '{matched}'";
            problems.Add(ConfigPath.Of(path, "match"), first == index
                ? $"it names {host} twice"
                : $"no request can reach it: {ConfigPath.Parent(path)}[{first}] has {host} and {what} already");
        }
    }
}
