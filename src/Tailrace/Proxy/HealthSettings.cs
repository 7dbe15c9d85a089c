using Tailrace.Io.ProxyProtocol;

namespace Tailrace.Proxy;

/// <summary>An active check as it is made. Immutable.</summary>
internal sealed record CheckSettings
{
    /// <summary>Whether an answer is asked for, or only a connection.</summary>
    internal bool IsHttp { get; init; } = true;

    /// <summary>Which PROXY header goes first, as on every connection of the cluster.</summary>
    internal ProxyVersion ProxyVersion { get; init; }

    /// <summary>The path that is asked for.</summary>
    internal string Path { get; init; } = "/";

    /// <summary>The Host that is sent; empty for the destination's own.</summary>
    internal string Host { get; init; } = "";

    /// <summary>The statuses that are good; empty for 200 to 399.</summary>
    internal IReadOnlyList<int> Statuses { get; init; } = [];

    /// <summary>What the body has to contain, in UTF-8.</summary>
    internal byte[] Body { get; init; } = [];

    /// <summary>From one check to the next.</summary>
    internal TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How much that varies.</summary>
    internal int JitterPercent { get; init; }

    /// <summary>How long a check may take.</summary>
    internal TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Good checks in a row that make a destination healthy.</summary>
    internal int Rise { get; init; } = 2;

    /// <summary>Bad checks in a row that make it not so.</summary>
    internal int Fall { get; init; } = 3;

    /// <summary>Whether a status is good.</summary>
    internal bool IsGood(int status)
    {
        if (Statuses.Count == 0) return status is >= 200 and < 400;
        foreach (var good in Statuses)
        {
            if (good == status) return true;
        }
        return false;
    }
}

/// <summary>When a destination is left out because of what happened to requests. Immutable.</summary>
internal sealed record EjectionSettings
{
    /// <summary>Failures in a row; 0: they do not matter.</summary>
    internal int Failures { get; init; } = 5;

    /// <summary>Percent of requests that may fail above the cluster's mean; 0: as many as like.</summary>
    internal int ErrorRatePercent { get; init; }

    /// <summary>The mean latency that is allowed, in percent of the cluster's; 0: any.</summary>
    internal int LatencyPercent { get; init; }

    /// <summary>The time over which rates and means are taken.</summary>
    internal int IntervalMs { get; init; } = 10_000;

    /// <summary>Requests in that time without which a destination is not judged.</summary>
    internal int RequestsMin { get; init; } = 20;

    /// <summary>How long a destination is left out for the first time.</summary>
    internal int TimeMs { get; init; } = 10_000;

    /// <summary>The longest that it is left out.</summary>
    internal int TimeMaxMs { get; init; } = 300_000;

    /// <summary>The largest share of the cluster that is left out.</summary>
    internal int ShareMaxPercent { get; init; } = 50;

    /// <summary>Whether means are taken at all.</summary>
    internal bool HasRates => ErrorRatePercent > 0 || LatencyPercent > 0;
}
