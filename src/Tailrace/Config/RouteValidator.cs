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
            if (options.Listeners[i].Protocol is ListenerProtocol.Tcp or ListenerProtocol.Udp) continue;
            anyHttp |= options.Listeners[i].Protocol is ListenerProtocol.Http or ListenerProtocol.Mixed;
            string path = ConfigPath.Of("listeners", i);
            IReadOnlyList<RouteOptions> own = options.Listeners[i].Routes;
            bool isForward = options.Listeners[i].Protocol == ListenerProtocol.Forward;
            rootIsUsed |= own.Count == 0 && !isForward;
            if (own.Count == 0 && !isForward && options.Routes.Count == 0 && !hasHandlers)
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
        var taken = new Dictionary<RouteKey, int>();
        for (int i = 0; i < routes.Count; i++)
        {
            string at = ConfigPath.Of(path, i);
            RouteTargets.Check(routes[i], at, options, problems);
            CheckValues(routes[i].Match.Header, ConfigPath.Of(at, "match.header"), problems);
            CheckValues(routes[i].Match.Query, ConfigPath.Of(at, "match.query"), problems);
            CheckReachable(routes[i], i, at, taken, problems);
        }
    }

    // The most specific route wins, so the only route that is surely unreachable is one that repeats another.
    private static void CheckReachable(
        RouteOptions route, int index, string path, Dictionary<RouteKey, int> taken, ProblemList problems)
    {
        MatchOptions match = route.Match;
        if (match.Path.Length > 0 && match.PathPrefix.Length > 0)
        {
            problems.Add(ConfigPath.Of(path, "match"), "it has both 'path' and 'path_prefix'; give one of them");
            return;
        }
        bool isPrefix = match.Path.Length == 0;
        string matched = !isPrefix ? match.Path : match.PathPrefix.Length > 0 ? match.PathPrefix : "/";
        string conditions = ConditionsOf(match);
        string and = conditions.Length > 0 ? " with the same conditions" : "";
        IReadOnlyList<string> hosts = match.Host.Count > 0 ? match.Host : [""];
        for (int i = 0; i < hosts.Count; i++)
        {
            var key = new RouteKey(hosts[i].TrimEnd('.').ToLowerInvariant(), matched, isPrefix, conditions);
            if (taken.TryAdd(key, index)) continue;
            int first = taken[key];
            string host = hosts[i].Length == 0 ? "every host" : $"host '{hosts[i]}'";
            string what = isPrefix ? matched == "/" ? "every path" : $"path_prefix '{matched}'" : $"path '{matched}'";
            string at = ConfigPath.Of(path, "match");
            if (first == index)
            {
                problems.Add(at, $"it names {host} twice");
                continue;
            }
            string other = ConfigPath.Of(ConfigPath.Parent(path), first);
            problems.Add(
                at, $"no request can reach it: {other} has {host} and {what}{and} already",
                dependsOn: ConfigPath.Of(other, "match"));
        }
    }

    /// <summary>The conditions beside host and path, so that equal ones are equal texts.</summary>
    private static string ConditionsOf(MatchOptions match) => string.Join('\n',
    [
        .. match.Method.Order(StringComparer.Ordinal).Select(m => $"method {m}"),
        .. match.Header.Select(h => $"header {h with { Name = h.Name.ToLowerInvariant() }}")
            .Order(StringComparer.Ordinal),
        .. match.Query.Select(q => $"query {q}").Order(StringComparer.Ordinal),
        .. match.Source.Order(StringComparer.Ordinal).Select(s => $"source {s}"),
    ]);

    private static void CheckValues(IReadOnlyList<ValueMatchOptions> values, string path, ProblemList problems)
    {
        for (int i = 0; i < values.Count; i++)
        {
            ValueMatchOptions value = values[i];
            (string Key, bool IsGiven)[] ways =
            [
                ("value", value.Value.Length > 0), ("prefix", value.Prefix.Length > 0),
                ("pattern", value.Pattern.Length > 0), ("absent", value.Absent),
            ];
            string[] given = [.. ways.Where(way => way.IsGiven).Select(way => $"'{way.Key}'")];
            if (given.Length < 2) continue;
            problems.Add(ConfigPath.Of(path, i), $"it has {string.Join(" and ", given)}; give one of them");
        }
    }

    private sealed record RouteKey(string Host, string Path, bool IsPrefix, string Conditions);
}
