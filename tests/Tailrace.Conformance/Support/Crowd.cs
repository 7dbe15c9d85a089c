using System.Collections.Concurrent;

namespace Tailrace.Conformance.Support;

/// <summary>Several clients at a time, each on a thread of its own: the portable engine needs the pool's.</summary>
internal static class Crowd
{
    /// <summary>Runs a body so many times at once, and fails when one does.</summary>
    internal static void Run(int count, Action<int> body)
    {
        var failures = new ConcurrentQueue<Exception>();
        var threads = Enumerable.Range(0, count).Select(index => new Thread(() => Guard(index))).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Assert.Empty(failures);

        void Guard(int index)
        {
            try
            {
                body(index);
            }
            catch (Exception e)
            {
                failures.Enqueue(e);
            }
        }
    }
}
