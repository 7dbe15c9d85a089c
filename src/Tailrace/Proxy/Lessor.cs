using System.Runtime.CompilerServices;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Finds a destination for a request and leases a connection to it; waits where all are full.</summary>
/// <remarks>One for each cluster and worker; runs on the worker's reactor.</remarks>
internal sealed class Lessor(Cluster cluster)
{
    private readonly UpstreamPool _pool = cluster.Pool;

    /// <summary>The common case: a destination is chosen, and a connection to it is idle.</summary>
    /// <returns>Null when <see cref="LeaseAsync"/> has to go on.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal UpstreamConnection? TryLease(Exchange exchange, Attempts attempts)
    {
        if (Choose(exchange, attempts) is not { } destination) return null;
        return attempts.WantsFresh ? null : _pool.TryRent(destination);
    }

    /// <summary>The same for the first attempt of a request, where the cluster has nothing to remember of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal UpstreamConnection? TryLeaseFirst(Exchange exchange, Attempts attempts)
    {
        var destination = cluster.PickFirst(exchange);
        attempts.Destination = destination;
        if (destination is null) return null;
        exchange.Upstream = destination.NameBytes;
        return _pool.TryRent(destination);
    }

    /// <summary>Connects to the destination that was chosen, or else to others, until one answers.</summary>
    /// <returns>Null when there is none; the attempts say why.</returns>
    internal async LoopTask<UpstreamConnection?> LeaseAsync(Exchange exchange, Attempts attempts)
    {
        while (true)
        {
            if (attempts.Destination is { } destination)
            {
                var startedAt = cluster.Reactor.Loop.Now;
                var opened = await _pool.OpenAsync(destination, exchange.Downstream);
                if (opened.Upstream is not null) return opened.Upstream;
                attempts.OpenFailed(destination, opened.Error);
                if (IsFault(opened.Error)) cluster.Record(destination, isFailure: true, latencyMs: 0, startedAt);
                // The client left while the connection was being opened for it, or no destination could do better.
                if (opened.Error == IoError.Aborted || opened.Error.IsShortage()) return null;
            }
            else if (await MayGoOnAsync(exchange, attempts) is var end && end != PauseEnd.Called)
            {
                if (end == PauseEnd.Lost) attempts.ClientLeft();
                return null;
            }
            if (TryLease(exchange, attempts) is { } upstream) return upstream;
        }
    }

    /// <summary>Whether it is the destination's, and not this side's or the client's, or a full queue's.</summary>
    internal static bool IsFault(IoError error) => !error.IsShortage() && !error.IsOutOfDescriptors()
        && error is not (IoError.None or IoError.Aborted or IoError.AddressNotAvailable or IoError.BacklogFull);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Destination? Choose(Exchange exchange, Attempts attempts)
    {
        if (cluster.Breaker is { } breaker && !breaker.Admits(attempts))
        {
            attempts.IsRefused = true;
            attempts.Destination = null;
            // The turn that it does not take is that of the next who waits.
            if (attempts.Waits > 0) cluster.Queue?.CallOne();
            return null;
        }
        // A newcomer does not pass those that wait.
        var mayPick = !cluster.HasWaiting || attempts.Waits > 0;
        var destination = mayPick ? cluster.Pick(exchange, attempts.Key, attempts.Tried) : null;
        // Who has waited takes what is free, be it where the request has failed: others wait behind it.
        if (destination is null && mayPick && attempts.HasFailedTries
            && (attempts.Waits > 0 || !cluster.HasFull(attempts.Tried)))
        {
            attempts.ForgetFailedTries();
            destination = cluster.Pick(exchange, attempts.Key, attempts.Tried);
        }
        attempts.Destination = destination;
        if (destination is not null) exchange.Upstream = destination.NameBytes;
        return destination;
    }

    /// <summary>Waits until there may be room; timed out when there is none to wait for, or not in time.</summary>
    private LoopTask<PauseEnd> MayGoOnAsync(Exchange exchange, Attempts attempts)
    {
        if (attempts.IsRefused || cluster.Queue is not { } queue)
            return new LoopTask<PauseEnd>(PauseEnd.TimedOut);
        if (!cluster.HasWaiting && !cluster.HasFull(attempts.Tried))
            return new LoopTask<PauseEnd>(PauseEnd.TimedOut);
        attempts.BeginWait(queue.Deadline);
        return queue.WaitAsync(
            attempts.WaitDeadline, isCalled: attempts.Waits > 1, isRetry: !attempts.Tried.IsEmpty, exchange.Downstream);
    }
}
