using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tailrace.Tests.Proxy;

/// <summary>Look-ups that block until a test answers them, as those of the system do while name servers are silent.
/// </summary>
internal sealed class SilentNames : IDisposable
{
    private readonly BlockingCollection<string> _begun = [];
    private readonly ConcurrentDictionary<string, TaskCompletionSource<IPAddress[]>> _answers = [];
    private readonly TaskCompletionSource<IPAddress[]> _end = new();
    private volatile bool _wasOnPool;

    /// <summary>Whether a thread of .NET's own was ever blocked.</summary>
    internal bool WasOnPool => _wasOnPool;

    /// <summary>Looks a name up. The first answer is its answer for good, but for refusals, which hold once.</summary>
    internal IPAddress[] Find(string host)
    {
        _wasOnPool |= Thread.CurrentThread.IsThreadPoolThread;
        _begun.Add(host);
        var answer = AnswerTo(host).Task;
        Task.WhenAny(answer, _end.Task).GetAwaiter().GetResult();
        if (!answer.IsCompleted) return [];
        if (answer.IsFaulted) _answers.TryRemove(host, out _);
        return answer.GetAwaiter().GetResult();
    }

    /// <summary>The next name that is looked up.</summary>
    internal string Next()
    {
        Assert.True(_begun.TryTake(out var host, TimeSpan.FromSeconds(30)), "nothing is looked up");
        return host;
    }

    internal void Answer(string host, IPAddress address) => AnswerTo(host).SetResult([address]);

    internal void Refuse(string host, SocketError reason) =>
        AnswerTo(host).SetException(new SocketException((int)reason));

    /// <summary>Lets all threads go.</summary>
    public void Dispose() => _end.TrySetResult([]);

    private TaskCompletionSource<IPAddress[]> AnswerTo(string host) => _answers.GetOrAdd(host, _ => new());
}
