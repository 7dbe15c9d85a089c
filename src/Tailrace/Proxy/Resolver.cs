using System.Net;
using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>Looks names up as the system does, which blocks a thread for as long as name servers are silent.</summary>
/// <remarks>
/// The threads are its own, so that whatever else is done on .NET's goes on: a few, each of them there for as long as
/// there is something to look up. More names wait, up to a bound. Equal names are looked up once at a time, and one
/// that was not found is not looked up again for some seconds. Of threads and of places to wait one client gets half
/// at the most. Any thread may ask; nobody is kept waiting in here.
/// </remarks>
internal sealed class Resolver
{
    /// <summary>How many names are looked up at a time.</summary>
    internal const int ThreadsMax = 16;

    /// <summary>How many failures are remembered; the oldest makes room.</summary>
    private const int FailuresMax = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LookUp> _begun = [];
    private readonly List<LookUp> _running = [];
    private readonly List<LookUp> _waiting = [];
    private readonly Dictionary<string, Task<IPAddress[]>> _failures = [];
    private readonly Queue<(string Host, long Until)> _failureEnds = [];

    /// <summary>How many names may wait for a thread.</summary>
    internal int WaitingMax { get; init; } = 256;

    /// <summary>How long a failure is remembered.</summary>
    internal long FailureMs { get; init; } = 5_000;

    /// <summary>Looks one name up, and blocks meanwhile.</summary>
    internal Func<string, IPAddress[]> Find { get; init; } = Dns.GetHostAddresses;

    /// <summary>The time in milliseconds.</summary>
    internal Func<long> Clock { get; init; } = () => Environment.TickCount64;

    /// <summary>Begins to look a name up, or joins those who wait for it already.</summary>
    /// <param name="host">The name.</param>
    /// <param name="client">Whose wish it is; the default: nobody's whose share is bounded.</param>
    /// <param name="timeoutMs">How long its addresses will be waited for: later nobody wants them.</param>
    /// <returns>Its addresses to come, or the reason why not; null when too many names are looked up.</returns>
    internal Task<IPAddress[]>? TryLookUp(
        string host, NetAddress client = default, int timeoutMs = Timeout.Infinite)
    {
        lock (_lock)
        {
            var now = Clock();
            DropFailures(now);
            if (_failures.TryGetValue(host, out var failure)) return failure;
            if (!_begun.TryGetValue(host, out var lookUp))
            {
                lookUp = new LookUp(host, client);
                if (!TryRun(lookUp) && !TryWait(lookUp, now)) return null;
                _begun.Add(host, lookUp);
            }
            var wantedUntil = timeoutMs == Timeout.Infinite ? long.MaxValue : now + timeoutMs;
            lookUp.WantedUntil = Math.Max(lookUp.WantedUntil, wantedUntil);
            return lookUp.Addresses.Task;
        }
    }

    private bool TryRun(LookUp lookUp)
    {
        if (!MayRun(lookUp)) return false;
        new Thread(() => Run(lookUp)) { IsBackground = true, Name = "tailrace names" }.Start();
        _running.Add(lookUp);
        return true;
    }

    private bool TryWait(LookUp lookUp, long now)
    {
        DropUnwanted(now);
        if (_waiting.Count >= WaitingMax || !IsWithin(_waiting, lookUp, WaitingMax / 2)) return false;
        _waiting.Add(lookUp);
        return true;
    }

    private bool MayRun(LookUp lookUp) =>
        _running.Count < ThreadsMax && IsWithin(_running, lookUp, ThreadsMax / 2);

    /// <summary>Whether a client has less than its share.</summary>
    private static bool IsWithin(List<LookUp> all, LookUp one, int share) =>
        one.Client.Equals(default) || all.Count(other => other.Client.Equals(one.Client)) < share;

    private void Run(LookUp first)
    {
        for (var lookUp = first; lookUp is not null;)
        {
            IPAddress[] found = [];
            Exception? failure = null;
            try
            {
                found = Find(lookUp.Host);
            }
            catch (Exception any)
            {
                failure = any;
            }
            var ended = lookUp;
            lock (_lock) lookUp = End(ended, failure);
            if (failure is null) ended.Addresses.SetResult(found);
            else ended.Addresses.SetException(failure);
        }
    }

    /// <summary>Ends one, and takes the next whose client has not its share; null when there is none.</summary>
    private LookUp? End(LookUp ended, Exception? failure)
    {
        var now = Clock();
        _begun.Remove(ended.Host);
        _running.Remove(ended);
        if (failure is not null && FailureMs > 0)
        {
            _failures.Add(ended.Host, ended.Addresses.Task);
            _failureEnds.Enqueue((ended.Host, now + FailureMs));
            DropFailures(now);
        }
        DropUnwanted(now);
        var next = _waiting.Find(MayRun);
        if (next is null) return null;
        _waiting.Remove(next);
        _running.Add(next);
        return next;
    }

    private void DropFailures(long now)
    {
        while (_failureEnds.TryPeek(out var oldest) && (oldest.Until <= now || _failureEnds.Count > FailuresMax))
            _failures.Remove(_failureEnds.Dequeue().Host);
    }

    /// <summary>Those that have waited for longer than anybody does with them must not keep others waiting.</summary>
    private void DropUnwanted(long now)
    {
        foreach (var unwanted in _waiting.FindAll(one => one.WantedUntil <= now))
        {
            _waiting.Remove(unwanted);
            _begun.Remove(unwanted.Host);
            unwanted.Addresses.SetException(new TimeoutException());
        }
    }

    /// <summary>A name that is looked up or waits for it.</summary>
    private sealed class LookUp(string host, NetAddress client)
    {
        internal string Host => host;

        internal NetAddress Client => client;

        internal long WantedUntil { get; set; }

        /// <summary>Completed on the thread that has looked it up, which nobody else's work must keep busy.</summary>
        internal TaskCompletionSource<IPAddress[]> Addresses { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
