using System.Collections.Concurrent;

namespace Tailrace.Chaos;

/// <summary>What became of requests, counted; and what must not be.</summary>
internal sealed class Tally
{
    private readonly ConcurrentDictionary<string, long> _counts = [];
    private readonly ConcurrentQueue<string> _violations = [];

    /// <summary>What was found wrong.</summary>
    internal IReadOnlyCollection<string> Violations => _violations;

    /// <summary>Counts something.</summary>
    internal void Count(string what) => _counts.AddOrUpdate(what, 1, (_, count) => count + 1);

    /// <summary>How often it was counted.</summary>
    internal long Of(string what) => _counts.GetValueOrDefault(what);

    /// <summary>Remembers something that must not be.</summary>
    internal void Violation(string what) => _violations.Enqueue(what);

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join('\n', _counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Value,9}  {pair.Key}"));
}
