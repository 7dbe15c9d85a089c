using System.Globalization;
using System.Text;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Simulation.Balancing;

/// <summary>Measures every policy, for docs/balancing-quality.md: tables in Markdown and plots.</summary>
internal static class BalancingReport
{
    private static readonly int[] s_proxies = [1, 10, 100, 1000];
    private static readonly double[] s_halfSlow = [1, 0.5];

    private static readonly (string Name, BalancingPolicy Policy, int Bound)[] s_policies =
    [
        ("random", BalancingPolicy.Random, 0),
        ("round_robin", BalancingPolicy.RoundRobin, 0),
        ("two_choices", BalancingPolicy.TwoChoices, 0),
        ("least_requests", BalancingPolicy.LeastRequests, 0),
        ("hash", BalancingPolicy.Hash, 0),
        ("hash, load_bound: 125", BalancingPolicy.Hash, 125),
    ];

    /// <summary>Prints the tables, and writes the plots.</summary>
    /// <param name="folder">Where the plots go.</param>
    /// <param name="seed">The seed of everything.</param>
    internal static void Write(string folder, ulong seed)
    {
        var unequal = s_policies.Select(policy => (policy.Name, Result: Run(policy, seed, s_halfSlow))).ToArray();
        Table("Half of them half as fast, and nobody has said so", unequal);
        Table("Half of them half as fast, with weights", s_policies.Select(policy =>
            (policy.Name, Run(policy, seed, s_halfSlow, hasWeights: true))));
        Table("All equally fast", s_policies.Select(policy => (policy.Name, Run(policy, seed, [1]))));
        Table("The same, when all proxies start with the first", s_policies[1..4].Select(policy =>
            (policy.Name, Run(policy, seed, [1], isScattered: false))));
        Save(folder, "balancing-latency.svg", Chart.Draw(
            "1,000 proxies, 1,000 destinations, half of them half as fast",
            new ChartAxis("latency, in mean service times of a fast destination", [1, 2, 5, 10, 20, 50, 100], true),
            new ChartAxis("share of requests that take longer", [0.0001, 0.001, 0.01, 0.1, 1], true),
            [.. unequal.Select(one => new ChartLine(one.Name, Tail(one.Result)))]));
        PlotProxies(folder, seed);
    }

    private static void PlotProxies(string folder, ulong seed)
    {
        var lines = s_policies.Select(policy => new ChartLine(policy.Name, [.. s_proxies.Select(count =>
            ((double)count, Run(policy, seed, s_halfSlow, proxies: count).Quantile(0.99)))])).ToArray();
        Save(folder, "balancing-proxies.svg", Chart.Draw(
            "p99 by the number of proxies that share 1,000 destinations, half of them half as fast",
            new ChartAxis("proxies", [1, 10, 100, 1000], true),
            new ChartAxis("p99 latency, in mean service times of a fast destination", [5, 10, 20, 50, 100], true), lines));
        Console.WriteLine("### p99 by the number of proxies\n");
        Console.WriteLine($"| | {string.Join(" | ", s_proxies)} |");
        Console.WriteLine($"| --- |{string.Concat(s_proxies.Select(_ => " ---: |"))}");
        foreach (var line in lines)
            Console.WriteLine($"| `{line.Name}` | {string.Join(" | ", line.Points.Select(point => Number(point.Y)))} |");
    }

    private static BalancingResult Run(
        (string Name, BalancingPolicy Policy, int Bound) policy, ulong seed, double[] speeds,
        bool hasWeights = false, bool isScattered = true, int proxies = 1000) =>
        new BalancingModel(new BalancingSetup
        {
            Policy = policy.Policy,
            LoadBoundPercent = policy.Bound,
            Proxies = proxies,
            Speeds = speeds,
            HasWeights = hasWeights,
            IsScattered = isScattered,
            Seed = seed,
        }).Run();

    private static void Table(string title, IEnumerable<(string Name, BalancingResult Result)> rows)
    {
        var text = new StringBuilder($"### {title}\n\n| | busiest / mean | mean | p50 | p99 | p99.9 |\n");
        text.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var (name, result) in rows)
        {
            double[] figures =
                [result.Imbalance, result.Mean, result.Quantile(0.5), result.Quantile(0.99), result.Quantile(0.999)];
            text.AppendLine($"| `{name}` | {string.Join(" | ", figures.Select(Number))} |");
        }
        Console.WriteLine(text);
    }

    private static (double, double)[] Tail(BalancingResult result) =>
        [.. Enumerable.Range(0, 81).Select(i => Math.Pow(10, -i / 20.0)).Select(share => (result.Quantile(1 - share), share))];

    private static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static void Save(string folder, string name, string image) => File.WriteAllText(Path.Combine(folder, name), image);
}
