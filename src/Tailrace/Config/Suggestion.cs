namespace Tailrace.Config;

/// <summary>Finds the word that was probably meant.</summary>
public static class Suggestion
{
    private const int WordLengthMax = 64;

    /// <summary>The nearest of the words, if it is near enough to be a slip of the finger; otherwise null.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="words">What could have been meant.</param>
    /// <remarks>
    /// Case, hyphens and underscores do not count, because <c>keepAlive</c> and <c>keep-alive</c> mean
    /// <c>keep_alive</c>. Beyond that one edit in three letters is a slip; more is another word.
    /// </remarks>
    public static string? For(string text, IEnumerable<string> words)
    {
        string written = Normal(text);
        if (written.Length is 0 or > WordLengthMax) return null;

        string? best = null;
        int bestDistance = int.MaxValue;
        foreach (string word in words)
        {
            string candidate = Normal(word);
            int distance = Distance(written, candidate);
            if (distance >= bestDistance || distance > Math.Max(written.Length, candidate.Length) / 3) continue;
            (best, bestDistance) = (word, distance);
        }
        return best;
    }

    /// <summary>
    /// The fewest insertions, deletions, replacements and swaps of neighbours that make one text the other (the optimal
    /// string alignment distance).
    /// </summary>
    internal static int Distance(string a, string b)
    {
        int width = b.Length + 1;
        var cost = new int[(a.Length + 1) * width];
        for (int i = 0; i <= a.Length; i++) cost[i * width] = i;
        for (int j = 0; j <= b.Length; j++) cost[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int at = i * width + j;
                int replace = a[i - 1] == b[j - 1] ? 0 : 1;
                cost[at] = Math.Min(Math.Min(cost[at - width], cost[at - 1]) + 1, cost[at - width - 1] + replace);
                bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if (swapped) cost[at] = Math.Min(cost[at], cost[at - 2 * width - 2] + 1);
            }
        }
        return cost[^1];
    }

    private static string Normal(string text) => text.Replace("_", "", StringComparison.Ordinal)
        .Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
}
