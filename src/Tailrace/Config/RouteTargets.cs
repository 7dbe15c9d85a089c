using System.Text.RegularExpressions;
using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>The checks of what becomes of a route's requests: that it is one thing, and that it makes sense.</summary>
internal static class RouteTargets
{
    /// <summary>Reports what is wrong with one route by itself and with the clusters it names.</summary>
    public static void Check(RouteOptions route, string path, TailraceOptions options, ProblemList problems)
    {
        CheckWays(route, path, problems);
        if (route.Cluster.Length > 0) CheckCluster(route.Cluster, ConfigPath.Of(path, "cluster"), options, problems);
        if (route.HostHeader == "destination") CheckHosts(route.Cluster, path, options, problems);
        if (route.Split is { } split) CheckSplit(split, ConfigPath.Of(path, "split"), options, problems);
        if (route.Mirror is { } mirror) CheckMirror(route, mirror, ConfigPath.Of(path, "mirror"), options, problems);
        if (route.Respond is { } respond) CheckRespond(respond, ConfigPath.Of(path, "respond"), problems);
        if (route.Rewrite is { } rewrite) CheckRewrite(rewrite, ConfigPath.Of(path, "rewrite"), problems);
        if (route.Respond is not null && route.Rewrite is not null)
            problems.Add(ConfigPath.Of(path, "rewrite"), "a fixed reply does not depend on the path");
    }

    private static void CheckWays(RouteOptions route, string path, ProblemList problems)
    {
        (string Key, bool IsGiven)[] ways =
        [
            ("cluster", route.Cluster.Length > 0), ("split", route.Split is not null),
            ("respond", route.Respond is not null), ("redirect", route.Redirect is not null),
        ];
        string[] given = [.. ways.Where(way => way.IsGiven).Select(way => $"'{way.Key}'")];
        if (given.Length > 1)
        {
            string both = given.Length == 2 ? "both " : "";
            problems.Add(path, $"it has {both}{string.Join(" and ", given)}; a request can have one answer only");
        }
        else if (given.Length == 0)
        {
            problems.Add(path, "it leads nowhere; give it a 'cluster', 'split', 'respond' or 'redirect'",
                ConfigPath.Of(path, "cluster"));
        }
    }

    private static void CheckHosts(string name, string path, TailraceOptions options, ProblemList problems)
    {
        if (!options.Clusters.TryGetValue(name, out ClusterOptions? cluster)) return;
        if (!cluster.Destinations.Any(destination => UnixPath.IsMeant(destination.Address))) return;
        problems.Add(ConfigPath.Of(path, "host_header"), $"cluster '{name}' has a Unix socket, whose path is no host");
    }

    /// <summary>Whether a route leads to a cluster, with all its requests, a share of them, or copies.</summary>
    /// <remarks>Routes of listeners that have none, because they do not speak HTTP, are told as such.</remarks>
    public static bool IsRouted(string cluster, TailraceOptions options) => options.Listeners
        .Where(listener => listener.Protocol is not (ListenerProtocol.Tcp or ListenerProtocol.Udp))
        .SelectMany(listener => listener.Routes).Concat(options.Routes).Any(route =>
            route.Cluster == cluster || route.Mirror?.Cluster == cluster
            || (route.Split?.To.Any(target => target.Cluster == cluster) ?? false));

    /// <summary>Reports a name that is no cluster's.</summary>
    public static void CheckCluster(string cluster, string path, TailraceOptions options, ProblemList problems)
    {
        if (options.Clusters.ContainsKey(cluster)) return;
        string hint = Suggestion.For(cluster, options.Clusters.Keys) is { } meant
            ? $"; did you mean '{meant}'?"
            : options.Clusters.Count > 0 ? $"; expected {string.Join(" or ", options.Clusters.Keys)}" : "";
        problems.Add(path, $"there is no cluster '{cluster}'{hint}", "clusters");
    }

    private static void CheckSplit(SplitOptions split, string path, TailraceOptions options, ProblemList problems)
    {
        var seen = new HashSet<string>();
        for (int i = 0; i < split.To.Count; i++)
        {
            string at = ConfigPath.Of(ConfigPath.Of(ConfigPath.Of(path, "to"), i), "cluster");
            string cluster = split.To[i].Cluster;
            if (cluster.Length == 0) continue;
            CheckCluster(cluster, at, options, problems);
            if (!seen.Add(cluster))
                problems.Add(at, $"'{cluster}' is in the list already; a larger share is a 'weight'");
        }
        if (split.To.Count > 0 && split.To.All(target => target.Weight == 0))
            problems.Add(ConfigPath.Of(path, "to"), "no cluster has a weight above 0");
        bool isNamed = split.By is SplitKey.Header or SplitKey.Cookie;
        string name = ConfigPath.Of(path, "name");
        if (isNamed && split.Name.Length == 0)
            problems.Add(path, $"by '{split.By.ToString().ToLowerInvariant()}' needs its 'name'", name);
        if (!isNamed && split.Name.Length > 0)
            problems.Add(name, "only 'by: header' and 'by: cookie' have a name", ConfigPath.Of(path, "by"));
    }

    private static void CheckMirror(
        RouteOptions route, MirrorOptions mirror, string path, TailraceOptions options, ProblemList problems)
    {
        if (route.Respond is not null || route.Redirect is not null)
            problems.Add(path, "only requests that are forwarded can be copied");
        if (mirror.Cluster.Length > 0)
            CheckCluster(mirror.Cluster, ConfigPath.Of(path, "cluster"), options, problems);
    }

    private static void CheckRespond(RespondOptions respond, string path, ProblemList problems)
    {
        if (respond.Body.Length > 0 && respond.BodyFile.Length > 0)
            problems.Add(path, "it has both 'body' and 'body_file'; give one of them");
        // RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5: these end with their head or have nothing to say.
        if (respond.Status is not (204 or 205 or 304)) return;
        string fault = $"an answer with status {respond.Status} has no body";
        if (respond.Body.Length > 0) problems.Add(ConfigPath.Of(path, "body"), fault);
        if (respond.BodyFile.Length > 0) problems.Add(ConfigPath.Of(path, "body_file"), fault);
    }

    private static void CheckRewrite(RewriteOptions rewrite, string path, ProblemList problems)
    {
        bool hasPrefix = rewrite.StripPrefix.Length + rewrite.AddPrefix.Length > 0;
        (string Key, bool IsGiven)[] ways =
        [
            ("a prefix", hasPrefix), ("'path'", rewrite.Path.Length > 0), ("'pattern'", rewrite.Pattern.Length > 0),
        ];
        string[] given = [.. ways.Where(way => way.IsGiven).Select(way => way.Key)];
        if (given.Length > 1) problems.Add(path, $"it has {string.Join(" and ", given)}; give one of them");
        if (rewrite.Pattern.Length > 0)
        {
            CheckGroups(rewrite, path, problems);
        }
        else if (rewrite.Replacement.Length > 0)
        {
            problems.Add(ConfigPath.Of(path, "replacement"), "it stands for a match, and there is no 'pattern'",
                ConfigPath.Of(path, "pattern"));
        }
        else if (given.Length == 0)
        {
            problems.Add(path, "it changes nothing; give 'strip_prefix', 'add_prefix', 'path' or 'pattern'");
        }
    }

    private static void CheckGroups(RewriteOptions rewrite, string path, ProblemList problems)
    {
        // What is wrong by itself was said already.
        if (TextRules.Pattern(rewrite.Pattern) is not null || TextRules.Replacement(rewrite.Replacement) is not null)
            return;
        string[] groups = new Regex(rewrite.Pattern, RegexOptions.NonBacktracking).GetGroupNames();
        foreach (string name in TextRules.GroupsOf(rewrite.Replacement))
        {
            if (groups.Contains(name)) continue;
            problems.Add(ConfigPath.Of(path, "replacement"),
                $"the pattern has no group '{name}'; '$$' stands for a dollar sign", ConfigPath.Of(path, "pattern"));
        }
    }
}
