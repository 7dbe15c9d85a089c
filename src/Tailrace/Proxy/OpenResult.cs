using System.Net;
using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>An upstream connection that was opened, or why it was not.</summary>
internal readonly record struct OpenResult(UpstreamConnection? Upstream, IoError Error);

/// <summary>A connection of any protocol that was opened, or why it was not.</summary>
/// <param name="Connection">The connection, or null.</param>
/// <param name="Address">Where it goes.</param>
/// <param name="Error">Why there is none; no error when there was no address.</param>
/// <param name="Failures">How many addresses could not be connected to.</param>
internal readonly record struct ConnectResult(
    SocketConnection? Connection, SocketAddress? Address, IoError Error, int Failures);
