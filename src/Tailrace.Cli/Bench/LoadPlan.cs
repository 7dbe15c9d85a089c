using Tailrace.Config;

namespace Tailrace.Cli.Bench;

/// <summary>What <c>tailrace bench</c> is to do.</summary>
internal sealed record LoadPlan
{
    /// <summary>What is asked for.</summary>
    public required string Url { get; init; }

    /// <summary>Requests under way at any moment, each on a connection of its own.</summary>
    public int Connections { get; init; } = 100;

    /// <summary>For how long requests are made before they count.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For how long new requests are made that count.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Threads that make them; each has its share of the connections.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>What drives the event loops.</summary>
    public EngineChoice Engine { get; init; }
}
