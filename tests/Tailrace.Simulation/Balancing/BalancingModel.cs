using Tailrace.Proxy;
using Tailrace.Proxy.Balancing;

namespace Tailrace.Simulation.Balancing;

/// <summary>What is modelled: who sends, who answers, and how busy it gets.</summary>
internal sealed record BalancingSetup
{
    /// <summary>The policy of all proxies.</summary>
    internal required BalancingPolicy Policy { get; init; }

    /// <summary>The most that a destination may have of its even share, in percent; for hashing, 0: no bound.</summary>
    internal int LoadBoundPercent { get; init; }

    /// <summary>Proxies, each of which knows its own requests only.</summary>
    internal int Proxies { get; init; } = 1000;

    /// <summary>Destinations of every proxy. Each works on one request after the other.</summary>
    internal int Destinations { get; init; } = 1000;

    /// <summary>How fast destinations are: these speeds in turn.</summary>
    internal double[] Speeds { get; init; } = [1];

    /// <summary>Whether weights say how fast they are.</summary>
    internal bool HasWeights { get; init; }

    /// <summary>The work that comes, as a share of what all destinations together can do.</summary>
    internal double Utilisation { get; init; } = 0.6;

    /// <summary>Requests that are looked at, behind the first quarter, in which queues fill.</summary>
    internal int Requests { get; init; } = 500_000;

    /// <summary>Whether proxies start at places of their own, as running ones do; else all with the first.</summary>
    internal bool IsScattered { get; init; } = true;

    /// <summary>Says it all.</summary>
    internal ulong Seed { get; init; } = 1;
}

/// <summary>Proxies that spread requests over destinations by the real balancers, in time that is only counted.</summary>
/// <remarks>
/// Requests come at random times (a Poisson process) to random proxies. What one takes is exponentially distributed with
/// a mean of 1 at speed 1, which is the unit of time. Destinations serve first come first served, so the end of a request
/// is known when it is sent, and only ends have to be kept in order. The client's keys are spread evenly.
/// </remarks>
internal sealed class BalancingModel
{
    private const double SampleEvery = 1;

    private readonly BalancingSetup _setup;
    private readonly SimRandom _random;
    private readonly Destination[][] _views;
    private readonly Balancer[] _balancers;
    private readonly ClusterLoad[] _loads;
    private readonly double[] _speeds;
    private readonly double[] _freeAt;
    private readonly int[] _inFlight;
    private readonly PriorityQueue<(int Proxy, int Destination), double> _ends = new();

    internal BalancingModel(BalancingSetup setup)
    {
        _setup = setup;
        _random = new SimRandom(setup.Seed);
        _speeds = [.. Enumerable.Range(0, setup.Destinations).Select(i => setup.Speeds[i % setup.Speeds.Length])];
        _freeAt = new double[setup.Destinations];
        _inFlight = new int[setup.Destinations];
        var slowest = setup.Speeds.Min();
        int[] weights = [.. _speeds.Select(speed => setup.HasWeights ? (int)Math.Round(speed / slowest) : 1)];
        string[] names = [.. Enumerable.Range(0, setup.Destinations).Select(i => $"10.0.{i / 250}.{i % 250}:80")];
        // As in the server, where workers share one table.
        var tables = new Dictionary<int, MaglevTable> { [0] = MaglevTable.Build(names, weights) };
        _loads = [.. Enumerable.Range(0, setup.Proxies).Select(_ => new ClusterLoad())];
        _views = [.. Enumerable.Range(0, setup.Proxies).Select(_ => View(names, weights))];
        _balancers = [.. Enumerable.Range(0, setup.Proxies).Select(i => CreateBalancer(i, tables))];
    }

    /// <summary>Runs it, and says how it went.</summary>
    internal BalancingResult Run()
    {
        var latencies = new List<double>(_setup.Requests);
        var rate = _setup.Utilisation * _speeds.Sum();
        var now = 0.0;
        var (samples, peaks, nextSample) = (0, 0.0, 0.0);
        for (var i = -_setup.Requests / 4; i < _setup.Requests; i++)
        {
            now += Exponential() / rate;
            while (_ends.TryPeek(out var ended, out var at) && at <= now)
            {
                _ends.Dequeue();
                End(ended.Proxy, ended.Destination);
            }
            var latency = Send(_random.Below(_setup.Proxies), now);
            if (i < 0) continue;
            latencies.Add(latency);
            if (now < nextSample) continue;
            nextSample = now + SampleEvery;
            samples++;
            peaks += _inFlight.Max() / _inFlight.Average();
        }
        latencies.Sort();
        return new BalancingResult(latencies, peaks / samples);
    }

    private Balancer CreateBalancer(int proxy, Dictionary<int, MaglevTable> tables)
    {
        var settings = new BalancingSettings
        {
            Policy = _setup.Policy,
            LoadBoundPercent = _setup.LoadBoundPercent,
            Tables = tables,
            Seed = _setup.IsScattered ? _random.Next() : 0,
        };
        var balancer = Balancer.Create(settings, _views[proxy], _loads[proxy], settings.Seed);
        balancer.SetCandidates(_views[proxy]);
        return balancer;
    }

    private static Destination[] View(string[] names, int[] weights) =>
        [.. names.Select((name, i) => new Destination(name, weights[i], []) { Index = i, IsCandidate = true })];

    /// <summary>Sends a request, and says how long it will take.</summary>
    private double Send(int proxy, double now)
    {
        var destination = _balancers[proxy].Pick(_random.Next(), default)!;
        var index = destination.Index;
        destination.Active++;
        _loads[proxy].Active++;
        _inFlight[index]++;
        _freeAt[index] = Math.Max(now, _freeAt[index]) + Exponential() / _speeds[index];
        _ends.Enqueue((proxy, index), _freeAt[index]);
        return _freeAt[index] - now;
    }

    private void End(int proxy, int index)
    {
        _views[proxy][index].Active--;
        _loads[proxy].Active--;
        _inFlight[index]--;
    }

    /// <summary>Exponentially distributed with a mean of 1.</summary>
    private double Exponential() => -Math.Log(1 - (_random.Next() >> 11) * (1.0 / (1ul << 53)));
}

/// <summary>How requests fared.</summary>
/// <param name="Latencies">What each took, in ascending order; 1 is what a request takes on average at speed 1.</param>
/// <param name="Imbalance">Requests at the busiest destination, relative to the average one; averaged over time.</param>
internal sealed record BalancingResult(List<double> Latencies, double Imbalance)
{
    /// <summary>The mean.</summary>
    internal double Mean => Latencies.Average();

    /// <summary>What so much of the requests took at most.</summary>
    internal double Quantile(double share) => Latencies[Math.Min((int)(share * Latencies.Count), Latencies.Count - 1)];
}
