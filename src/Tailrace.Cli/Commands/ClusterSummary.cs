using Tailrace.Config;
using Tailrace.Hosting;
using static Tailrace.Cli.Commands.SummaryWords;

namespace Tailrace.Cli.Commands;

/// <summary>Says what a cluster would do: who gets what, how failures are found, and what is done about them.</summary>
internal static class ClusterSummary
{
    /// <summary>Writes it.</summary>
    public static void Write(string name, ClusterOptions cluster, TailraceOptions options, TextWriter output)
    {
        string unused = IsUsed(name, options) ? "" : " (nothing leads to it)";
        output.WriteLine($"\ncluster '{name}', {PolicyOf(cluster)}{unused}");
        bool isRouted = IsRouted(name, options) || !IsUsed(name, options);
        WriteDestinations(name, cluster, options, output);
        bool isUdp = !isRouted && SchemeOf(name, options) == "udp";
        List<string[]> rows = [["health", CheckOf(name, options)], ["left out", EjectOf(cluster)]];
        if (isRouted) rows.AddRange(ResilienceOf(cluster));
        if (LimitsOf(cluster.Limits) is { Length: > 0 } limits) rows.Add(["limits", $"{limits}, for each worker"]);
        if (cluster.Queue.Length > 0)
        {
            rows.Add(["queue", $"{Count(cluster.Queue.Length, "request")} for each worker, "
                + $"for at most {Of(cluster.Queue.Timeout)}"]);
        }
        if (cluster.ProxyProtocol != ProxyProtocolVersion.Off)
            rows.Add(["PROXY header", $"{cluster.ProxyProtocol.ToString().ToLowerInvariant()}, on each connection"]);
        if (!isUdp) rows.Add(["time limits", TimeoutsOf(cluster, isRouted)]);
        OptionsSummary.WriteTable(rows, output);
    }

    private static void WriteDestinations(
        string name, ClusterOptions cluster, TailraceOptions options, TextWriter output)
    {
        bool hasBackups = cluster.Destinations.Any(d => d.Priority != cluster.Destinations[0].Priority);
        string period = $"looked up every {Of(options.Resolve.Interval)}";
        string scheme = SchemeOf(name, options);
        var rows = new List<string[]>();
        foreach (DestinationOptions destination in cluster.Destinations)
        {
            bool valid = DestinationAddress.TryParse(destination.Address, out DestinationAddress address, out _);
            string lookup = valid && address is { Ip: null, Path.Length: 0 } ? period : "";
            if (valid && ListenerAt(address, scheme, options) is { } own) lookup = $"the listener on {own}";
            int total = cluster.Destinations.Where(d => d.Priority == destination.Priority).Sum(d => d.Weight);
            string share = address.IsService ? "" : $"{100.0 * destination.Weight / total:0.#}%";
            string where = address.ToString(scheme);
            rows.Add(hasBackups
                ? [where, $"priority {destination.Priority}", share, lookup]
                : [where, share, lookup]);
        }
        OptionsSummary.WriteTable(rows, output);
    }

    /// <summary>Which of the listeners a destination is: requests that change on the way may come here again.</summary>
    private static string? ListenerAt(DestinationAddress destination, string scheme, TailraceOptions options)
    {
        foreach (ListenerOptions listener in options.Listeners)
        {
            if ((listener.Protocol == ListenerProtocol.Udp) != (scheme == "udp")) continue;
            bool valid = ListenAddress.TryParse(listener.Address, out ListenAddress address, out _);
            if (valid && address.IsReachedBy(destination, MachineAddresses.Has)) return address.ToString();
        }
        return null;
    }

    private static string CheckOf(string cluster, TailraceOptions options)
    {
        if (options.Clusters[cluster].Health.Check is not { } check) return "no checks";
        bool connects = check.TypeFor(cluster, options) == CheckType.Tcp;
        string what = connects ? "a connect" : $"GET {check.Path}";
        string good = connects ? ""
            : check.Status.Count > 0 ? $", good is {AnyOf(check.Status)}" : ", good is 200 to 399";
        string body = check.Body.Length > 0 ? $" with '{check.Body}'" : "";
        return $"{what} every {Of(check.Interval)}, within {Of(check.Timeout)}{good}{body}; "
            + $"down after {check.Fall} bad, up after {check.Rise} good";
    }

    private static string EjectOf(ClusterOptions cluster)
    {
        EjectOptions eject = cluster.Health.Eject;
        var reasons = new List<string>();
        if (eject.Failures > 0) reasons.Add($"{Count(eject.Failures, "failure")} in a row");
        if (eject.ErrorRate > 0) reasons.Add($"{eject.ErrorRate}% more failures than the mean");
        if (eject.Latency > 0) reasons.Add($"answers that take {eject.Latency}% of the mean");
        string slow = cluster.SlowStart > TimeSpan.Zero ? $"; back slowly, over {Of(cluster.SlowStart)}" : "";
        return reasons.Count == 0
            ? $"never{slow}"
            : $"after {AnyOf(reasons)}, for {Of(eject.Time)} or longer, never more than {eject.ShareMax}%{slow}";
    }

    private static IEnumerable<string[]> ResilienceOf(ClusterOptions cluster)
    {
        yield return ["retries", RetriesOf(cluster)];
        if (cluster.Hedge is { } hedge)
        {
            yield return
            [
                "hedging",
                $"what takes longer than {hedge.Percentile}% of answers do, and {Of(hedge.DelayMin)}, to another too"
            ];
        }
        if (cluster.Adaptive is { } adaptive)
            yield return ["adaptive", $"{adaptive.Min} to {adaptive.Max} requests in flight for each worker, as found"];
        if (cluster.Breaker is not { } breaker) yield break;
        var reasons = new List<string>();
        if (breaker.Failures > 0) reasons.Add($"{Count(breaker.Failures, "failure")} in a row");
        if (breaker.ErrorRate > 0) reasons.Add($"{breaker.ErrorRate}% failures in {Of(breaker.Interval)}");
        yield return ["breaker", $"answers 503 after {AnyOf(reasons)}, for {Of(breaker.Time)} or longer"];
    }

    private static string RetriesOf(ClusterOptions cluster)
    {
        string fresh = cluster.Retries > 0 ? "where a kept connection ends before an answer" : "";
        if (cluster.Retry is not { } retry) return fresh.Length > 0 ? $"only {fresh}" : "none";
        bool onAll = retry.On.Count == 0;
        var reasons = new List<string>();
        if (onAll || retry.On.Contains(RetryCondition.Reset)) reasons.Add("a reset");
        if (onAll || retry.On.Contains(RetryCondition.Timeout))
            reasons.Add(retry.TryTimeout > TimeSpan.Zero ? $"{Of(retry.TryTimeout)} without an answer" : "a timeout");
        if (onAll || retry.On.Contains(RetryCondition.Status))
            reasons.AddRange((retry.Status.Count > 0 ? retry.Status : [502, 503, 504]).Select(status => $"{status}"));
        string methods = retry.AnyMethod ? ", whatever the method" : "";
        RetryBudgetOptions budget = cluster.RetryBudget;
        return $"after {AnyOf(reasons)}, {retry.Tries} tries in all{methods}; "
            + $"at most {budget.Percent}% of the requests and {budget.PerSecond} a second";
    }

    private static string LimitsOf(ClusterLimits limits)
    {
        var parts = new List<string>();
        if (limits.Requests > 0) parts.Add($"{Count(limits.Requests, "request")} in flight");
        if (limits.RequestsPerDestination > 0) parts.Add($"{limits.RequestsPerDestination} to a destination");
        if (limits.Connections > 0) parts.Add(Count(limits.Connections, "connection"));
        if (limits.ConnectionsPerDestination > 0)
            parts.Add($"{Count(limits.ConnectionsPerDestination, "connection")} to a destination");
        return string.Join(", ", parts);
    }

    private static string TimeoutsOf(ClusterOptions cluster, bool isRouted)
    {
        ClusterTimeouts timeouts = cluster.Timeouts;
        string connect = $"{Of(timeouts.Connect)} to connect";
        if (!isRouted) return connect;
        string kept = cluster.Pool.IdlePerDestination > 0
            ? $"idle connections are kept {Of(cluster.Pool.IdleTimeout)}"
            : "no connection is kept";
        return $"{connect}, {Of(timeouts.FirstByte)} to the first byte, {Of(timeouts.Idle)} between pieces; {kept}";
    }

    /// <summary>What is spoken with a cluster: who leads there says so, since destinations need no scheme.</summary>
    private static string SchemeOf(string cluster, TailraceOptions options)
    {
        if (IsRouted(cluster, options)) return "http";
        ListenerOptions? listener = options.Listeners.FirstOrDefault(one => IsForwarded(cluster, one));
        return listener is null ? "http" : listener.Protocol == ListenerProtocol.Udp ? "udp" : "tcp";
    }

    private static string PolicyOf(ClusterOptions cluster)
    {
        string policy = cluster.Balance switch
        {
            BalancePolicy.Random => "at random",
            BalancePolicy.LeastRequests => "by fewest requests",
            BalancePolicy.TwoChoices => "by two choices",
            BalancePolicy.Hash => $"by {cluster.Hash.Key.ToString().ToLowerInvariant()} {cluster.Hash.Name}".TrimEnd(),
            _ => "in turn",
        };
        return cluster.Sticky is { } sticky ? $"{policy}, kept by cookie '{sticky.Cookie}'" : policy;
    }

    private static bool IsUsed(string cluster, TailraceOptions options) =>
        options.Listeners.Any(listener => IsForwarded(cluster, listener)) || IsRouted(cluster, options);

    private static bool IsForwarded(string cluster, ListenerOptions listener) =>
        listener.Cluster == cluster || listener.TlsRoutes.Any(route => route.Cluster == cluster);

    private static bool IsRouted(string cluster, TailraceOptions options) =>
        options.Routes.Concat(options.Listeners.SelectMany(listener => listener.Routes)).Any(route =>
            route.Cluster == cluster || route.Mirror?.Cluster == cluster
            || (route.Split?.To.Any(target => target.Cluster == cluster) ?? false));
}
