using System.Net;
using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Memory;
using Tailrace.Proxy.Balancing;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>A named group of destinations as one worker sees it. Mutable state of one reactor.</summary>
/// <remarks>
/// Destinations of equal priority are a <see cref="Rank"/>, with a balancer of its own. The first rank that is sound
/// gets the requests; the others have what it cannot take.
/// </remarks>
public sealed class Cluster
{
    private readonly ulong _seed;
    private Destination[] _destinations = [];
    private readonly FreeList<Attempts> _freeAttempts = new(4096);
    private readonly RequestKey? _key;
    private StickyCookie? _sticky;
    private readonly SlowStart? _slowStart;
    private Ejection? _ejection;
    private readonly RetryBudget? _budget;
    private Rank[] _ranks = [];
    private Rank[] _order = [];

    /// <summary>The only destination: every policy chooses it. Null where there are others, or it is not to be chosen.
    /// </summary>
    private Destination? _sole;

    /// <summary>Creates the worker's part of a cluster.</summary>
    public Cluster(Reactor reactor, ClusterSettings settings, Destination[] destinations)
    {
        Reactor = reactor;
        Settings = settings;
        Pool = new UpstreamPool(reactor, settings, destinations);
        if (settings.QueueLengthMax > 0)
            Queue = Pool.Waiting = new WaitQueue(reactor, settings.QueueLengthMax, settings.QueueTimeoutMs);
        for (var i = 0; i < destinations.Length; i++)
        {
            if (destinations[i].Index < 0) destinations[i].Index = i;
        }
        var balancing = settings.Balancing;
        if (balancing.Policy == BalancingPolicy.Hash)
            _key = new RequestKey(balancing.HashSource, balancing.HashName);
        if (balancing.SlowStartMs > 0)
            _slowStart = new SlowStart(reactor.Loop, balancing.SlowStartMs, OnSharesChanged);
        // Workers throw different dice.
        var name = System.Text.Encoding.UTF8.GetBytes(settings.Name);
        _seed = StableHash.Of(name, balancing.Seed + (ulong)reactor.Index);
        if (settings.Adaptive is { } adaptive)
            Limit = new ConcurrencyLimit(reactor.Loop, adaptive, Pool.Load, Pool.Caps!) { Waiting = Queue };
        if (settings.Breaker is { } breaker) Breaker = new Breaker(reactor.Loop, breaker, OnBreakerChanged);
        if (settings.Retry is not null || settings.Hedge is not null)
            _budget = new RetryBudget(settings.RetryBudget.Percent, settings.RetryBudget.PerSecond, reactor.Loop.Now);
        if (settings.Retry is { } retry) Retries = new Retries(this, retry, _budget!, _seed);
        if (settings.Hedge is { } hedge) Hedging = new Hedging(this, hedge, _budget!);
        Arrange(destinations);
    }

    /// <summary>How its upstreams are treated.</summary>
    public ClusterSettings Settings { get; }

    /// <summary>
    /// Told of requests that failed because of the cluster: the destination, or null, and the reason.
    /// </summary>
    public Action<Destination?, string>? Failed { get; set; }

    /// <summary>Told of requests that are sent again, or would be: the destination that failed, and why.</summary>
    public Action<Destination, string>? Retried { get; set; }

    /// <summary>Told when the circuit opens, and why, or closes, with null.</summary>
    public Action<string?>? BreakerChanged { get; set; }

    /// <summary>Told of a destination that is left out, and why, or that is back, with null.</summary>
    public Action<Destination, string?>? EjectionChanged { get; set; }

    internal Reactor Reactor { get; }

    internal UpstreamPool Pool { get; }

    internal Destination[] Destinations => _destinations;

    /// <summary>Sends requests again; null where they are not.</summary>
    internal Retries? Retries { get; }

    /// <summary>Sends slow requests to another destination as well; null where they are not.</summary>
    internal Hedging? Hedging { get; }

    /// <summary>Finds how many requests it can take at a time; null where that is not asked for.</summary>
    internal ConcurrencyLimit? Limit { get; }

    /// <summary>Leaves the cluster alone when too much fails; null where it is not.</summary>
    internal Breaker? Breaker { get; }

    /// <summary>Where requests wait when all destinations are full; null where they do not.</summary>
    internal WaitQueue? Queue { get; }

    /// <summary>Whether requests wait that a newcomer is not to pass.</summary>
    internal bool HasWaiting
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Queue is { HoldsNewcomers: true };
    }

    /// <summary>Takes over newly resolved addresses. On the reactor's thread.</summary>
    /// <param name="index">Which destination.</param>
    /// <param name="addresses">Its addresses.</param>
    public void SetAddresses(int index, SocketAddress[] addresses)
    {
        if (Find(index) is not { } destination) return;
        destination.Addresses = addresses;
        Pool.CloseStale(destination);
    }

    /// <summary>
    /// Takes over where a service is now. On the reactor's thread. Places that stay keep what is known of them; what
    /// those that go have under way ends undisturbed.
    /// </summary>
    /// <param name="service">Which of the configuration's.</param>
    /// <param name="places">All of its places.</param>
    internal void SetPlaces(int service, IReadOnlyList<ServicePlace> places)
    {
        var destinations = new List<Destination>(Array.FindAll(_destinations, one => one.Service != service));
        foreach (var place in places)
        {
            var known = Array.Find(_destinations, one => one.Index == place.Index && one.Name == place.Name);
            var destination = known ?? new Destination(place.Name, place.Weight, [], place.Priority)
            {
                Index = place.Index,
                Service = service,
            };
            destination.Set(place.Weight, place.Priority, place.Addresses);
            if (known is not null) Pool.CloseStale(known);
            destinations.Add(destination);
        }
        foreach (var gone in Array.FindAll(_destinations, one => !destinations.Contains(one)))
        {
            gone.IsRemoved = true;
            _slowStart?.Cancel(gone);
            Pool.Drain(gone);
        }
        Arrange([.. destinations]);
        Queue?.CallAll();
    }

    /// <summary>Takes over what active checks have found. On the reactor's thread.</summary>
    /// <param name="index">Which destination.</param>
    /// <param name="isHealthy">Whether it passes them.</param>
    public void SetHealth(int index, bool isHealthy)
    {
        if (Find(index) is { } destination) SetHealth(destination, isHealthy);
    }

    /// <summary>
    /// The same, of a destination that may have gone meanwhile: its number may be that of another one by now, or be two
    /// destinations' until one of them goes.
    /// </summary>
    internal void SetHealth(int index, string name, bool isHealthy)
    {
        var destination = Array.Find(_destinations, one => one.Index == index && one.Name == name);
        if (destination is not null) SetHealth(destination, isHealthy);
    }

    private void SetHealth(Destination destination, bool isHealthy)
    {
        if (destination.IsChecked == isHealthy) return;
        destination.IsChecked = isHealthy;
        OnHealthChanged(destination);
    }

    /// <summary>Takes what came of an attempt into account, if it says anything about the destination.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Record(Exchange exchange, UpstreamConnection upstream, UpstreamFailure failure, long latencyMs)
    {
        var isFailure = IsFailure(upstream, failure);
        if (isFailure || failure == UpstreamFailure.None)
        {
            Record(upstream.Destination, isFailure, latencyMs);
            if (!upstream.IsJudged) Breaker?.Record(isFailure, upstream.StartedAt);
        }
        // What has a body is never sent twice, and how long its answer takes is another matter.
        if (Hedging is not null && failure == UpstreamFailure.None && !upstream.IsHedge
            && exchange.Request.Body == BodyKind.None)
            Hedging.Record(latencyMs);
    }

    /// <summary>
    /// Ends the trial of a request when its answer begins, if it shows anything: the rest of it may take hours.
    /// </summary>
    internal void Judge(Attempts attempts, UpstreamConnection upstream, UpstreamFailure failure)
    {
        var isFailure = IsFailure(upstream, failure);
        if (Breaker is not { } breaker || (!isFailure && failure != UpstreamFailure.None)) return;
        attempts.IsTrial = false;
        upstream.IsJudged = true;
        breaker.EndTrial();
        breaker.Record(isFailure, upstream.StartedAt);
    }

    /// <summary>Takes what happened to a client's request into account, which counts for the breaker too.</summary>
    /// <param name="destination">Whose it was.</param>
    /// <param name="isFailure">Whether it failed because of the destination.</param>
    /// <param name="latencyMs">How long the answer took to begin.</param>
    /// <param name="startedAt">When it began, in the loop's time.</param>
    internal void Record(Destination destination, bool isFailure, long latencyMs, long startedAt)
    {
        Record(destination, isFailure, latencyMs);
        Breaker?.Record(isFailure, startedAt);
    }

    /// <summary>The same for a copy of a request, which counts for the destination alone.</summary>
    internal void Record(UpstreamConnection upstream, UpstreamFailure failure, long latencyMs)
    {
        var isFailure = IsFailure(upstream, failure);
        if (isFailure || failure == UpstreamFailure.None) Record(upstream.Destination, isFailure, latencyMs);
    }

    /// <summary>Takes what happened to a request into account.</summary>
    /// <param name="destination">Whose it was.</param>
    /// <param name="isFailure">Whether it failed because of the destination.</param>
    /// <param name="latencyMs">How long the answer took to begin.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Record(Destination destination, bool isFailure, long latencyMs)
    {
        if (isFailure) destination.Failures++;
        if (!destination.IsRemoved) _ejection?.Record(destination, isFailure, latencyMs);
    }

    /// <summary>
    /// Closes what is idle; leased connections close when they are given back. On the reactor's thread.
    /// </summary>
    public void Drain()
    {
        Pool.Drain();
        _slowStart?.Stop();
        _ejection?.Stop();
    }

    /// <summary>Lends what a request needs to remember its attempts.</summary>
    internal Attempts BeginAttempts(Exchange exchange)
    {
        var attempts = _freeAttempts.TryTake() ?? new Attempts(0);
        Begin(attempts, exchange);
        return attempts;
    }

    /// <summary>Prepares what a request needs to remember its attempts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Begin(Attempts attempts, Exchange exchange)
    {
        attempts.Reset(Settings.Retries, _key is null ? 0 : _key.Of(exchange));
        _budget?.Count(Reactor.Loop.Now);
    }

    /// <summary>Takes it back.</summary>
    internal void EndAttempts(Attempts attempts) => _freeAttempts.Return(attempts);

    /// <summary>Chooses a destination by policy.</summary>
    /// <param name="key">What a hashing policy goes by: see <see cref="RequestKey"/>.</param>
    /// <param name="tried">Who is out of the question.</param>
    /// <returns>Null when none is left, or all that are left are full.</returns>
    internal Destination? Pick(ulong key, in TriedSet tried)
    {
        foreach (var rank in _order)
        {
            if (rank.Balancer.Pick(key, tried) is { } destination) return destination;
        }
        return null;
    }

    /// <summary>Chooses the destination that the client's cookie names, else one by policy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Destination? Pick(Exchange exchange, ulong key, in TriedSet tried)
    {
        if (_sticky is null)
            return _sole is { IsFull: false } sole && !tried.Has(sole.Index) ? sole : Pick(key, tried);
        var named = _sticky.Find(exchange);
        var isOpen = named is { IsCandidate: true, IsFull: false } && !tried.Has(named.Index);
        var destination = isOpen ? named : Pick(key, tried);
        if (destination == named) exchange.AddedFields = default;
        else if (destination is not null) _sticky.Set(exchange, destination);
        return destination;
    }

    /// <summary>The same for the first attempt of a request.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Destination? PickFirst(Exchange exchange)
    {
        if (_sole is { IsFull: false } sole && _sticky is null) return sole;
        return Pick(exchange, _key is null ? 0 : _key.Of(exchange), new TriedSet());
    }

    /// <summary>Whether a destination that is left is only full.</summary>
    internal bool HasFull(in TriedSet tried)
    {
        foreach (var destination in _destinations)
        {
            if (destination.IsCandidate && destination.IsFull && !tried.Has(destination.Index)) return true;
        }
        return false;
    }

    /// <summary>Whether an attempt failed because of its destination.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsFailure(UpstreamConnection upstream, UpstreamFailure failure) =>
        failure == UpstreamFailure.None
            ? upstream.Client.Head.Status is >= 502 and <= 504
            : IsFault(upstream, failure);

    private static bool IsFault(UpstreamConnection upstream, UpstreamFailure failure) =>
        failure switch
        {
            // An idle connection may be closed at any time: RFC 9112 section 9.3.1.
            UpstreamFailure.Closed => !upstream.IsReused || upstream.Client.HasReceived,
            UpstreamFailure.Lost or UpstreamFailure.TimedOut => true,
            UpstreamFailure.Invalid or UpstreamFailure.Flooded => true,
            _ => false,
        };

    private Destination? Find(int index) => Array.Find(_destinations, destination => destination.Index == index);

    /// <summary>Makes everything that depends on who is in the cluster.</summary>
    private void Arrange(Destination[] destinations)
    {
        var balancing = Settings.Balancing;
        foreach (var destination in destinations) destination.Caps = Pool.Caps;
        Pool.SetDestinations(destinations);
        if (balancing.Sticky is { } sticky) _sticky = new StickyCookie(sticky, Settings.Name, destinations);
        if (Settings.Ejection is { } ejection)
        {
            _ejection?.Stop();
            _ejection = new Ejection(Reactor.Loop, ejection, destinations, OnEjectionChanged);
            _ejection.Start();
        }
        _ranks = Rank.Split(destinations, rank => Balancer.Create(balancing, rank, Pool.Load, _seed));
        _order = [.. _ranks];
        _destinations = destinations;
        Reorder();
    }

    /// <summary>
    /// Who may be chosen, and in which order of ranks: first those that are sound, then the others. When none is sound
    /// the first with a healthy destination, or else the very first, is opened regardless of health: too few healthy
    /// ones would only be overwhelmed, and a check that is wrong about all of them must not stop everything.
    /// </summary>
    private void Reorder()
    {
        var panicPercent = Settings.Balancing.PanicPercent;
        Rank? panicking = null;
        var next = 0;
        foreach (var rank in _ranks)
        {
            rank.Count();
            if (rank.IsSound(panicPercent)) _order[next++] = rank;
            else if (panicking is null || (panicking.HealthyCount == 0 && rank.HealthyCount > 0)) panicking = rank;
        }
        var isSound = next > 0;
        foreach (var rank in _ranks)
        {
            if (!rank.IsSound(panicPercent)) _order[next++] = rank;
            rank.Open(regardlessOfHealth: !isSound && rank == panicking);
        }
        _sole = _destinations is [{ IsCandidate: true } only] ? only : null;
        if (isSound || panicking is null) return;
        _order[Array.IndexOf(_order, panicking)] = _order[0];
        _order[0] = panicking;
    }

    private void OnBreakerChanged(string? reason) => BreakerChanged?.Invoke(reason);

    private void OnEjectionChanged(Destination destination, string? reason)
    {
        OnHealthChanged(destination);
        EjectionChanged?.Invoke(destination, reason);
    }

    private void OnHealthChanged(Destination destination)
    {
        if (destination.IsHealthy) _slowStart?.Begin(destination);
        else _slowStart?.Cancel(destination);
        Reorder();
        Queue?.CallAll();
    }

    private void OnSharesChanged()
    {
        foreach (var rank in _ranks) rank.Balancer.OnSharesChanged();
    }
}
