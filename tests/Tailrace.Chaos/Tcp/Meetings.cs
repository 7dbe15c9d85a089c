namespace Tailrace.Chaos.Tcp;

/// <summary>Who reads whose stream, and who is over: pairs are judged when both are.</summary>
internal sealed class Meetings(Tally tally)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, Peer> _open = [];
    private readonly List<Peer> _alone = [];
    private readonly Verdict _verdict = new(tally);
    private uint _lastId;

    /// <summary>Where what is wrong is told.</summary>
    internal Tally Tally => tally;

    /// <summary>The server has been told to end.</summary>
    internal bool IsEnding
    {
        set => _verdict.IsEnding = value;
    }

    /// <summary>What peers at each place have seen in all.</summary>
    internal Dictionary<string, Sums> Sums { get; } = [];

    /// <summary>Another peer.</summary>
    /// <returns>Its id.</returns>
    internal uint Add(Peer peer)
    {
        lock (_lock)
        {
            _open.Add(++_lastId, peer);
            return _lastId;
        }
    }

    /// <summary>A peer reads the stream with an id.</summary>
    internal void Meet(Peer peer, uint id)
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(id, out var other) || other.Place.IsOrigin == peer.Place.IsOrigin)
            {
                tally.Violation($"{peer} reads the stream of {id}, who is over or no other side");
                return;
            }
            if ((peer.Other ?? other) != other || (other.Other ?? peer) != peer)
                tally.Violation($"{peer} reads {other}, and one of them another one: {peer.Other}, {other.Other}");
            (peer.Other, other.Other) = (other, peer);
        }
    }

    /// <summary>A peer is over.</summary>
    internal void Over(Peer peer)
    {
        lock (_lock)
        {
            peer.IsOver = true;
            Sums[peer.Place.Name] = Sums.GetValueOrDefault(peer.Place.Name).With(peer);
            if (peer.Other is not { } other)
            {
                // The other one may still come to read its stream.
                _alone.Add(peer);
                return;
            }
            if (!other.IsOver) return;
            _open.Remove(peer.Id);
            _open.Remove(other.Id);
            if (peer.Place.IsOrigin) _verdict.JudgePair(other, peer);
            else _verdict.JudgePair(peer, other);
        }
    }

    /// <summary>Everybody is over: judges those who met nobody.</summary>
    internal void JudgeAlone()
    {
        lock (_lock)
        {
            foreach (var peer in _alone)
            {
                if (peer.Other is null) _verdict.JudgeAlone(peer);
            }
        }
    }
}

/// <summary>What the peers of a place have seen in all.</summary>
/// <param name="Peers">How many there were.</param>
/// <param name="Offered">Bytes that they sent, or may have sent.</param>
/// <param name="Sent">Bytes that they sent.</param>
/// <param name="Received">Bytes of the other side's streams that came to them.</param>
internal readonly record struct Sums(long Peers, long Offered, long Sent, long Received)
{
    /// <summary>With another one.</summary>
    internal Sums With(Peer peer) => new(Peers + 1, Offered + peer.Offered, Sent + peer.Sent, Received + peer.Received);
}
