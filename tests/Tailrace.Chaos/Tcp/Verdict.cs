namespace Tailrace.Chaos.Tcp;

/// <summary>What a tunnel promises, held against what both its ends did and saw.</summary>
internal sealed class Verdict(Tally tally)
{
    /// <summary>Whether the server has been told to end: its tunnels may be cut from now on.</summary>
    internal bool IsEnding { get; set; }

    /// <summary>Judges a connection whose two ends have met.</summary>
    internal void JudgePair(Peer client, Peer origin)
    {
        JudgeStream(client, origin, client.Place.Limit);
        JudgeStream(origin, client, client.Place.Limit);
        JudgeWay(client, origin);
        tally.Count(EndOf(client, origin));
    }

    /// <summary>Judges somebody who has met nobody.</summary>
    internal void JudgeAlone(Peer peer)
    {
        if (peer.Received > 0) tally.Violation($"{peer} read something from nobody");
        if (peer.Saw == Ending.Silent) JudgeSilence(peer);
        if (peer.Place.IsOrigin) return;
        if (peer.Place.IsCalm && !IsEnding && (peer.Sent > 0 || peer.Saw != Ending.Orderly))
            tally.Violation($"{peer} met nobody");
        tally.Count(peer switch
        {
            { HasReset: true } => "reset by the client",
            { HasLeft: true } => "left by the client",
            { Saw: Ending.Broken } => "reset before a byte",
            _ => "ended before a byte",
        });
    }

    /// <summary>Judges the stream of one as the other saw it.</summary>
    private void JudgeStream(Peer writer, Peer reader, Limit limit)
    {
        var isWhole = (writer.HasEnded || writer.HasLeft) && reader.Received == writer.Sent;
        var mayBeCut = limit != Limit.None || IsEnding;
        var isAtFault = writer.HasReset || writer.HasLeft || reader.HasReset || reader.HasLeft;
        if (reader.Received > writer.Offered) Wrong("more came than was sent");
        if (reader.Saw == Ending.Silent) JudgeSilence(reader);
        if (reader.Saw == Ending.Orderly && !isWhole && !MayEndEarly(writer, reader, limit))
            Wrong("a stream that is not whole ended in order");
        if (reader.HasFailed && !isAtFault && !mayBeCut) Wrong("nobody reset it");
        var isRead = !reader.HasReset && !reader.HasLeft && !mayBeCut && !Pauses.IsRecent;
        if (writer.HasSettled && isRead && reader.Received != writer.Sent) Wrong("a reset went before what was sent");

        void Wrong(string what) => tally.Violation($"{what}: {reader} read from {writer}");
    }

    /// <summary>
    /// Whether an orderly end is allowed in the middle: when nothing moved for the idle timeout, and where nothing had
    /// ever moved when a tunnel was cut.
    /// </summary>
    private bool MayEndEarly(Peer writer, Peer reader, Limit limit)
    {
        if (limit != Limit.Idle) return (limit == Limit.Lifetime || IsEnding) && reader.Received + writer.Received == 0;
        // Loops take the time once a turn, and turns can be long on a busy machine.
        var movedAt = Math.Max(writer.SentAt(reader.Received), reader.SentAt(writer.Received));
        return reader.SawAt - Math.Max(movedAt, writer.BeganAt + reader.BeganAt) >= Place.IdleMs / 3;
    }

    private void JudgeSilence(Peer peer)
    {
        if (!Pauses.IsRecent) tally.Violation($"{peer} was left waiting by {peer.Other}");
    }

    /// <summary>Whether a connection came to where it was meant to go.</summary>
    private void JudgeWay(Peer client, Peer origin)
    {
        if (origin.Read is not { } read) return;
        if (read.Client is { } told && !told.Equals(client.Local))
            tally.Violation($"{client} was told to {origin} as {told}");
        if (!client.Place.Names.Contains((read.Name, origin.Place.Name)))
            tally.Violation($"{client} asked for {read.Name} and came to {origin}");
    }

    private static string EndOf(Peer client, Peer origin) => (client, origin) switch
    {
        ({ HasReset: true }, _) => "reset by the client",
        (_, { HasReset: true }) => "reset by the origin",
        ({ HasLeft: true }, _) => "left by the client",
        (_, { HasLeft: true }) => "left by the origin",
        ({ HasFailed: true }, _) or (_, { HasFailed: true }) => "cut",
        _ when client.HasEnded && origin.HasEnded => "ended in order",
        _ => "another end",
    };
}
