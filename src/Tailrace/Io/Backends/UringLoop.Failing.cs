using System.Runtime.CompilerServices;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <content>
/// Requests that the kernel gives back undone, and that would be made again at once: a failure that lasts must not keep
/// the loop busy.
/// </content>
internal sealed unsafe partial class UringLoop
{
    private const int PutOffMs = 10;

    /// <summary>Taken up after a while; until then the kernel has the requests in hand as far as others know.</summary>
    private readonly List<Uring.Cqe> _failures = [];
    private readonly FailureTimer _failureTimer;

    /// <summary>Keeps for later a failure that nobody asked for, and that would have its request made again.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool PutOffFailure(in Uring.Cqe completion)
    {
        if (!IsToBeMadeAgain(completion)) return false;
        if (_failures.Count == 0) Timers.Set(_failureTimer, Now + PutOffMs);
        _failures.Add(completion);
        return true;
    }

    private bool IsToBeMadeAgain(in Uring.Cqe completion)
    {
        var kind = KindOf(completion);
        if (kind is Kind.Wake) return true;
        if (kind is Kind.Ignored or Kind.Send) return false;
        // A cancellation of ours is what is waited for.
        var handle = HandleOf(completion);
        if (kind is Kind.Watch) return !handle.IsClosed;
        if (handle.IsStopping || (handle.IsClosed && !handle.HasRest)) return false;
        return kind is not (Kind.Receive or Kind.Accept)
            || -completion.Outcome is Errno.Cancelled or Errno.Again or Errno.Interrupted;
    }

    private void TakeUpFailures()
    {
        foreach (var completion in _failures) DispatchNow(completion);
        _failures.Clear();
    }

    private sealed class FailureTimer(UringLoop loop) : TimerEntry
    {
        protected internal override void OnDeadline() => loop.TakeUpFailures();
    }
}
