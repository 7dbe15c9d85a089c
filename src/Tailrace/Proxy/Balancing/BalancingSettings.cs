namespace Tailrace.Proxy.Balancing;

/// <summary>How a destination is chosen.</summary>
internal enum BalancingPolicy : byte
{
    /// <summary><see cref="Balancing.RoundRobin"/>.</summary>
    RoundRobin,

    /// <summary><see cref="RandomChoice"/>.</summary>
    Random,

    /// <summary><see cref="Balancing.LeastRequests"/>.</summary>
    LeastRequests,

    /// <summary><see cref="Balancing.TwoChoices"/>.</summary>
    TwoChoices,

    /// <summary><see cref="ConsistentHash"/>.</summary>
    Hash,
}

/// <summary>How a cluster spreads its requests. Immutable, shared by all workers.</summary>
internal sealed record BalancingSettings
{
    /// <summary>How a destination is chosen.</summary>
    internal BalancingPolicy Policy { get; init; }

    /// <summary>What of a request is hashed.</summary>
    internal HashSource HashSource { get; init; }

    /// <summary>The header or cookie that is hashed.</summary>
    internal string HashName { get; init; } = "";

    /// <summary>
    /// The most that a destination may have of what would be its even share, in percent; 0: no such bound.
    /// </summary>
    internal int LoadBoundPercent { get; init; }

    /// <summary>The cookie that keeps a client with its destination; null when there is none.</summary>
    internal StickySettings? Sticky { get; init; }

    /// <summary>How long a destination that comes back takes to get its whole share; 0: none.</summary>
    internal int SlowStartMs { get; init; }

    /// <summary>
    /// Share of a rank, in percent, that has to be healthy; below it health is disregarded. 0: health counts until
    /// nobody has it.
    /// </summary>
    internal int PanicPercent { get; init; }

    /// <summary>
    /// What the dice and the first turn go by, another number in each process; 0: turns begin with the first, and the
    /// dice are the same in each.
    /// </summary>
    internal ulong Seed { get; init; }

    /// <summary>Whether turns begin anywhere.</summary>
    internal bool IsScattered => Seed != 0;

    /// <summary>
    /// The tables of <see cref="ConsistentHash"/> by priority, so that workers share them; null: each makes its own.
    /// </summary>
    internal IReadOnlyDictionary<int, MaglevTable>? Tables { get; init; }

    /// <summary>The table of some destinations of one priority.</summary>
    internal MaglevTable TableOf(Destination[] rank) =>
        Tables is not null && Tables.TryGetValue(rank[0].Priority, out var table) && table.Count == rank.Length
            ? table
            : MaglevTable.Build(Array.ConvertAll(rank, one => one.Name), Array.ConvertAll(rank, one => one.Weight));
}

/// <summary>What of a request is hashed.</summary>
internal enum HashSource : byte
{
    /// <summary>The client's address, without its port.</summary>
    Source,

    /// <summary>The path, without the query.</summary>
    Path,

    /// <summary>A header.</summary>
    Header,

    /// <summary>A cookie.</summary>
    Cookie,
}

/// <summary>The cookie that keeps a client with its destination.</summary>
/// <param name="Cookie">Its name.</param>
/// <param name="MaxAgeSeconds">How long clients keep it; 0: as long as they run.</param>
/// <param name="Secure">Whether clients send it over TLS only.</param>
internal sealed record StickySettings(string Cookie, long MaxAgeSeconds, bool Secure);
