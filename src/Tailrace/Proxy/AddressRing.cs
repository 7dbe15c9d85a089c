using System.Net;

namespace Tailrace.Proxy;

/// <summary>The addresses of a destination in the order in which they are connected to.</summary>
/// <remarks>
/// <para>They take turns. One that could not be reached is left out for a while, longer each time up to a limit, so
/// that a dead one does not cost every other client its connect timeout. When that is over one connection tries it, and
/// the others do not until it is reached. One that ends without having found that out leaves it to the next.</para>
/// <para>When all have failed none is left out: the one that was tried last comes last. So whoever asks as often as
/// there are addresses gets each of them.</para>
/// <para>Mutable state of one reactor.</para>
/// </remarks>
internal sealed class AddressRing
{
    /// <summary>How long an address is left out for the first time.</summary>
    internal const int LeftOutMs = 10_000;

    /// <summary>Times that, for the longest.</summary>
    internal const int FactorMax = 30;

    private SocketAddress[] _addresses = [];
    private State[] _states = [];
    private int _next;
    private int _lastProbe;

    /// <summary>The addresses. What is known of those that stay is kept.</summary>
    internal SocketAddress[] Addresses
    {
        get => _addresses;
        set
        {
            _states = Array.ConvertAll(value, StateOf);
            _addresses = value;
        }
    }

    /// <summary>The address to connect to next; null when there is none.</summary>
    /// <param name="now">The loop's time.</param>
    /// <param name="probe">
    /// If not 0, it is left out until this connection has found out whether it is back: <see cref="Reached"/>,
    /// <see cref="Failed"/> or <see cref="GaveUp"/> has to follow. One that takes so long that the next has to find it
    /// out is told from that one by this number.
    /// </param>
    internal SocketAddress? Next(long now, out int probe)
    {
        probe = 0;
        var count = _addresses.Length;
        if (count == 0) return null;
        var best = -1;
        for (var i = 0; i < count; i++)
        {
            var candidate = (_next + i) % count;
            if (best < 0 || RankOf(candidate, now) < RankOf(best, now)) best = candidate;
        }
        _next = (best + 1) % count;
        ref var state = ref _states[best];
        if (state.Failures > 0)
        {
            // One at a time finds out whether it is back.
            if (!IsLeftOut(state, now)) probe = _lastProbe = Math.Max(1, unchecked(_lastProbe + 1));
            state = state with
            {
                TriedAt = now,
                LeftOutAt = probe > 0 ? now : state.LeftOutAt,
                Probe = probe > 0 ? probe : state.Probe,
            };
        }
        return _addresses[best];
    }

    /// <summary>An address could be reached.</summary>
    internal void Reached(SocketAddress address)
    {
        var index = Array.IndexOf(_addresses, address);
        if (index >= 0) _states[index] = default;
    }

    /// <summary>An address could not be reached.</summary>
    internal void Failed(SocketAddress address, long now)
    {
        var index = Array.IndexOf(_addresses, address);
        if (index < 0) return;
        ref var state = ref _states[index];
        // Those that were under way when it failed, or that had nowhere else to go, say nothing new.
        if (state.Failures > 0 && state.Probe == 0) return;
        state = new State(now, now, Math.Min(state.Failures + 1, FactorMax), Probe: 0);
    }

    /// <summary>
    /// Nothing was found out of an address, because the client left or something is short here: if it was this
    /// connection's to do so, it is the next one's.
    /// </summary>
    internal void GaveUp(SocketAddress address, int probe)
    {
        var index = Array.IndexOf(_addresses, address);
        if (probe == 0 || index < 0) return;
        ref var state = ref _states[index];
        // Others that were under way may have found it out meanwhile, or it is for a later one to do so.
        if (state.Probe != probe) return;
        state = state with { LeftOutAt = state.TriedAt - (long)state.Failures * LeftOutMs, Probe = 0 };
    }

    /// <summary>The lowest comes first; those that are not left out are all the same.</summary>
    private long RankOf(int index, long now)
    {
        var state = _states[index];
        return IsLeftOut(state, now) ? state.TriedAt : long.MinValue;
    }

    private static bool IsLeftOut(in State state, long now) =>
        now < state.LeftOutAt + (long)state.Failures * LeftOutMs;

    private State StateOf(SocketAddress address)
    {
        var index = Array.IndexOf(_addresses, address);
        return index >= 0 ? _states[index] : default;
    }

    /// <summary>What is known of an address; the default of one that has not failed.</summary>
    /// <param name="TriedAt">When it was last tried.</param>
    /// <param name="LeftOutAt">Since when it is left out.</param>
    /// <param name="Failures">How often it has failed in a row, whenever its time was over.</param>
    /// <param name="Probe">Who finds out whether it is back; 0 for nobody.</param>
    private readonly record struct State(long TriedAt, long LeftOutAt, int Failures, int Probe);
}
