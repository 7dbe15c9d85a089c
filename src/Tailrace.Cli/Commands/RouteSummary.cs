using Tailrace.Config;
using static Tailrace.Cli.Commands.SummaryWords;

namespace Tailrace.Cli.Commands;

/// <summary>Says what a route would do: for which requests, and what becomes of them.</summary>
internal static class RouteSummary
{
    /// <summary>A row for each host: host, path, what becomes of it.</summary>
    public static IEnumerable<string[]> Rows(RouteOptions route)
    {
        IReadOnlyList<string> hosts = route.Match.Host.Count > 0 ? route.Match.Host : ["any host"];
        string target = TargetOf(route) + ConditionsOf(route.Match);
        return hosts.Select(host => new[] { host, PathOf(route.Match), target });
    }

    private static string PathOf(MatchOptions match)
    {
        if (match.Path.Length > 0) return match.Path;
        if (match.PathPrefix.Length == 0) return "any path";
        return match.PathPrefix.EndsWith('/') ? $"{match.PathPrefix}..." : $"{match.PathPrefix}[/...]";
    }

    private static string ConditionsOf(MatchOptions match)
    {
        var conditions = new List<string>();
        if (match.Method.Count > 0) conditions.Add(AnyOf(match.Method));
        conditions.AddRange(match.Header.Select(value => $"header {ValueOf(value)}"));
        conditions.AddRange(match.Query.Select(value => $"query {ValueOf(value)}"));
        if (match.Source.Count > 0) conditions.Add($"from {AnyOf(match.Source)}");
        return conditions.Count == 0 ? "" : $" if {string.Join(", ", conditions)}";
    }

    private static string ValueOf(ValueMatchOptions value)
    {
        if (value.Absent) return $"{value.Name} absent";
        if (value.Pattern.Length > 0) return $"{value.Name}~{value.Pattern}";
        if (value.Prefix.Length > 0) return $"{value.Name}={value.Prefix}*";
        return value.Value.Length > 0 ? $"{value.Name}={value.Value}" : value.Name;
    }

    private static string TargetOf(RouteOptions route)
    {
        string edits = EditsOf(route);
        if (route.Respond is { } respond)
        {
            string file = respond.BodyFile.Length > 0 ? $" with what is in {respond.BodyFile}" : "";
            return $"answers {respond.Status}{file}{edits}";
        }
        string path = route.Rewrite is { } rewrite ? $", path {RewriteOf(rewrite)}" : "";
        if (route.Redirect is { } redirect)
        {
            string query = redirect.KeepQuery ? "" : ", without the query";
            return $"redirects by {redirect.Status} to {PlaceOf(redirect)}{path}{query}{edits}";
        }
        string host = route.HostHeader == "keep" ? "" : $", Host: {route.HostHeader}";
        string copies = route.Mirror is { } mirror ? $", {mirror.Percent}% copied to '{mirror.Cluster}'" : "";
        string target = route.Split is { } split ? SplitOf(split) : $"cluster '{route.Cluster}'";
        return $"{target}{host}{path}{copies}{edits}";
    }

    private static string EditsOf(RouteOptions route)
    {
        bool changesRequests = route.Respond is null && route.Redirect is null && Count(route.RequestHeaders) > 0;
        bool changesAnswers = Count(route.ResponseHeaders) > 0;
        string[] changed = changesRequests && changesAnswers ? ["requests", "answers"]
            : changesRequests ? ["requests"] : changesAnswers ? ["answers"] : [];
        return changed.Length == 0 ? "" : $", headers of {AllOf(changed)} changed";

        static int Count(HeaderEditOptions edits) => edits.Set.Count + edits.Add.Count + edits.Remove.Count;
    }

    private static string SplitOf(SplitOptions split)
    {
        double total = split.To.Sum(target => (long)target.Weight);
        IEnumerable<string> shares = split.To.Select(to => $"{100 * to.Weight / total:0.##}% cluster '{to.Cluster}'");
        string name = split.Name.Length > 0 ? $" {split.Name}" : "";
        string by = split.By == SplitKey.Request ? "" : $" by {split.By.ToString().ToLowerInvariant()}{name}";
        return string.Join(", ", shares) + by;
    }

    private static string PlaceOf(RedirectOptions redirect)
    {
        string scheme = redirect.Scheme switch
        {
            RedirectScheme.Https => "https",
            RedirectScheme.Http => "http",
            _ => "",
        };
        string port = redirect.Port == 0 ? "" : $":{redirect.Port}";
        if (redirect.Host.Length > 0)
            return scheme.Length > 0 ? $"{scheme}://{redirect.Host}{port}" : $"{redirect.Host}{port}, same scheme";
        string same = scheme.Length > 0 ? $"{scheme} on the same host" : "the same host";
        return redirect.Port == 0 ? same : $"{same}, port {redirect.Port}";
    }

    private static string RewriteOf(RewriteOptions rewrite)
    {
        if (rewrite.Path.Length > 0) return rewrite.Path;
        if (rewrite.Pattern.Length > 0) return $"~{rewrite.Pattern} as {rewrite.Replacement}";
        string without = rewrite.StripPrefix.Length > 0 ? $"without {rewrite.StripPrefix}" : "";
        string below = rewrite.AddPrefix.Length > 0 ? $"below {rewrite.AddPrefix}" : "";
        return without.Length > 0 && below.Length > 0 ? $"{without}, {below}" : without + below;
    }
}
