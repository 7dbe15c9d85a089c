using Tailrace.Proxy;

namespace Tailrace.Cli.Bench;

/// <summary>What came of a load: one worker's share, or all together.</summary>
internal sealed class LoadResult
{
    private readonly long[] _statuses = new long[6];
    private readonly SortedDictionary<FetchError, long> _errors = [];

    /// <summary>How long whole answers took, from the request to the last byte.</summary>
    public Latencies Latencies { get; } = new();

    /// <summary>Bytes of their bodies.</summary>
    public long BodyBytes { get; private set; }

    /// <summary>How long it took.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>Requests that were still under way a while after the end.</summary>
    public int Unanswered { get; set; }

    /// <summary>Whole answers that came to requests of the warm-up.</summary>
    public long WarmUpAnswers { get; set; }

    /// <summary>Why there was no use in asking at all; none where there was.</summary>
    public FetchError Unreachable { get; set; }

    /// <summary>Whole answers by the first digit of their status.</summary>
    public ReadOnlySpan<long> Statuses => _statuses;

    /// <summary>Requests without a whole answer, by what went wrong.</summary>
    public IReadOnlyDictionary<FetchError, long> Errors => _errors;

    /// <summary>Whether every request had a whole answer that is no error.</summary>
    public bool IsClean =>
        Latencies.Count > 0 && _errors.Count == 0 && Unanswered == 0 && _statuses[4] + _statuses[5] == 0;

    /// <summary>Counts a whole answer.</summary>
    public void Answered(int status, long bodyBytes, long microseconds)
    {
        _statuses[status / 100]++;
        BodyBytes += bodyBytes;
        Latencies.Record(microseconds);
    }

    /// <summary>Counts a request that failed.</summary>
    public void Failed(FetchError error) => _errors[error] = _errors.GetValueOrDefault(error) + 1;

    /// <summary>Adds another worker's.</summary>
    public void Add(LoadResult other)
    {
        for (var i = 0; i < _statuses.Length; i++) _statuses[i] += other._statuses[i];
        foreach (var (error, count) in other._errors) _errors[error] = _errors.GetValueOrDefault(error) + count;
        BodyBytes += other.BodyBytes;
        Latencies.Add(other.Latencies);
    }
}
