using Tailrace.Proxy;

namespace Tailrace.Cli.Bench;

/// <summary>Tells what came of a load, for people.</summary>
internal static class LoadReport
{
    private static readonly double[] s_percentiles = [50, 90, 99, 99.9];

    /// <summary>Writes a few lines.</summary>
    public static void Write(LoadResult result, TextWriter output)
    {
        var seconds = Math.Max(result.Elapsed.TotalSeconds, 1e-6);
        var latencies = result.Latencies;
        Line("answers", $"{latencies.Count:n0} in {seconds:0.0} s, {latencies.Count / seconds:n0} per second");
        Line("statuses", Statuses(result));
        if (result.Errors.Count > 0) Line("errors", Errors(result));
        if (result.Unanswered > 0) Line("late", $"{result.Unanswered:n0} without an answer at the end");
        Line("bodies", $"{result.BodyBytes / 1e6:n1} MB, {result.BodyBytes / 1e6 / seconds:n1} MB per second");
        if (latencies.Count > 0) Line("latency", $"mean {Time(latencies.Mean)}, {Percentiles(latencies)}");

        void Line(string name, string text) => output.WriteLine($"{name,-9} {text}");
    }

    /// <summary>What went wrong, in words.</summary>
    public static string TextOf(FetchError error) => error switch
    {
        FetchError.BadUrl => "not an http URL",
        FetchError.NameNotFound => "the host name is not found",
        FetchError.Refused => "connection refused",
        FetchError.Unreachable => "the host cannot be reached",
        FetchError.TimedOut => "timed out",
        FetchError.Closed => "closed without an answer",
        FetchError.Invalid => "not HTTP",
        _ => "beyond a limit",
    };

    private static string Statuses(LoadResult result)
    {
        var found = new List<string>();
        for (var digit = 2; digit < result.Statuses.Length; digit++)
        {
            if (result.Statuses[digit] > 0) found.Add($"{result.Statuses[digit]:n0} of {digit}xx");
        }
        return found.Count == 0 ? "none" : string.Join(", ", found);
    }

    private static string Errors(LoadResult result) =>
        string.Join(", ", result.Errors.Select(error => $"{error.Value:n0} {TextOf(error.Key)}"));

    private static string Percentiles(Latencies latencies)
    {
        var times = s_percentiles.Select(percent => $"p{percent} {Time(latencies.Percentile(percent))}");
        return $"{string.Join(", ", times)}, max {Time(latencies.Max)}";
    }

    private static string Time(long microseconds) => microseconds switch
    {
        < 1_000 => $"{microseconds} us",
        < 1_000_000 => $"{microseconds / 1e3:0.00} ms",
        _ => $"{microseconds / 1e6:0.00} s",
    };
}
