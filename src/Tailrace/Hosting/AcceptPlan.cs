using System.Net;
using Tailrace.Config;
using Tailrace.Io;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>Who listens at one address, and how its connections come to all workers.</summary>
internal sealed class AcceptPlan
{
    private readonly List<Worker> _workers;
    private readonly int _index;
    private readonly Counters[] _loads;
    private readonly bool _isHandoff;

    /// <summary>Makes the plan.</summary>
    /// <param name="plan">The listener.</param>
    /// <param name="index">Its place among the listeners: for each that hands off, another worker accepts.</param>
    /// <param name="workers">All workers.</param>
    internal AcceptPlan(ListenerPlan plan, int index, List<Worker> workers)
    {
        _workers = workers;
        _index = index;
        _loads = [.. workers.Select(worker => worker.Reactor.Counters)];
        // Where listeners cannot share an address, as a path never can be, one has to do for all.
        var loop = workers[0].Reactor.Loop;
        var canShare = (plan.Udp is null ? loop.CanShareListeners : loop.CanShareDatagrams)
            && plan.Address is IPEndPoint;
        _isHandoff = workers.Count > 1 && (plan.Accept == AcceptMode.Handoff || !canShare);
    }

    /// <summary>Whether several workers listen at the address.</summary>
    internal bool IsShared => _workers.Count > 1 && !_isHandoff;

    /// <summary>Whether a worker listens.</summary>
    internal bool Listens(Worker worker) => !_isHandoff || worker.Reactor.Index == _index % _workers.Count;

    /// <summary>How a worker that listens gives connections away; null when there is no other.</summary>
    internal ConnectionSpread? SpreadOf(Worker worker)
    {
        if (_workers.Count == 1) return null;
        var work = new WorkGauge(_workers.Count, index => _workers[index].Reactor.WorkTime);
        return new ConnectionSpread(worker.Reactor.Index, _isHandoff, _loads, RingTo, work);
    }

    private HandoverRing RingTo(int index)
    {
        var worker = _workers[index];
        return new HandoverRing(worker.Reactor.Loop, stream => worker.Take(_index, stream));
    }
}
