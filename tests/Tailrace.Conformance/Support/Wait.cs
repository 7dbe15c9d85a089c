using System.Diagnostics;

namespace Tailrace.Conformance.Support;

/// <summary>Waiting for what other threads bring about.</summary>
internal static class Wait
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits until a condition holds; fails when it does not for half a minute.</summary>
    internal static void Until(Func<bool> condition, string what) => Until(condition, () => what);

    /// <summary>The same; what is waited for is said as it stands in the end.</summary>
    internal static void Until(Func<bool> condition, Func<string> what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > s_patience) Assert.Fail($"still waiting: {what()}");
            Thread.Sleep(1);
        }
    }

    /// <summary>Waits until a growing number has stood still for a while, and returns it.</summary>
    internal static long Standstill(Func<long> number)
    {
        var watch = Stopwatch.StartNew();
        var last = number();
        for (var since = watch.Elapsed; watch.Elapsed - since < TimeSpan.FromMilliseconds(150);)
        {
            Assert.True(watch.Elapsed < s_patience, "still growing");
            Thread.Sleep(5);
            if (number() is var now && now == last) continue;
            (last, since) = (number(), watch.Elapsed);
        }
        return last;
    }
}
