using System.Net;
using Tailrace.Io;

namespace Tailrace.Simulation;

/// <summary>A simulated descriptor: a listener, one side of a stream, or a socket for datagrams.</summary>
internal sealed class SimHandle : IoHandle
{
    /// <summary>The loop that it lives on.</summary>
    internal required SimLoop Loop { get; init; }

    /// <summary>A listener's port.</summary>
    internal int Port { get; init; }

    /// <summary>Whether other listeners may have the same port.</summary>
    internal bool IsShared { get; init; }

    /// <summary>A listener's connections that nobody has accepted yet; null for a stream.</summary>
    internal Queue<SimHandle>? Backlog { get; init; }

    /// <summary>How many connections may wait.</summary>
    internal int BacklogMax { get; init; }

    /// <summary>A stream's bytes from the other side; null until it is connected.</summary>
    internal SimPipe? Incoming { get; set; }

    /// <summary>A stream's bytes to the other side.</summary>
    internal SimPipe? Outgoing { get; set; }

    /// <summary>Datagrams that are on their way here, or wait, by when they arrive; null for others.</summary>
    internal List<SimDatagram>? Inbox { get; init; }

    /// <summary>The own address of a socket for datagrams.</summary>
    internal DatagramAddress Own { get; init; }

    /// <summary>The one address that it exchanges with; nothing: any.</summary>
    internal DatagramAddress Peer { get; init; }

    /// <summary>When it hears that nobody listens there.</summary>
    internal long RefusedAt { get; set; } = long.MaxValue;

    /// <summary>A connect: where to.</summary>
    internal EndPoint? Target { get; init; }

    /// <summary>A connect: when it is decided.</summary>
    internal long DecidedAt { get; set; }

    /// <summary>What it is told of its end, where that is no reset by the other side.</summary>
    internal IoError Loss { get; set; }

    /// <summary>Whether it was told of its reset: later sends are told that nobody reads.</summary>
    internal bool HasToldReset { get; set; }
}
