namespace Tailrace.Io;

/// <summary>How a listening socket is opened.</summary>
/// <param name="Backlog">Connections that may wait to be accepted.</param>
/// <param name="Shared">Whether other workers listen on the same address (SO_REUSEPORT).</param>
/// <param name="Deferred">
/// Whether the kernel holds a connection back until its first bytes are there, for about a second. A hint: back ends
/// that cannot, do not.
/// </param>
public readonly record struct ListenSettings(int Backlog, bool Shared = false, bool Deferred = false);
