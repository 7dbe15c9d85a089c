namespace Tailrace.Io;

/// <summary>How a listening socket is opened.</summary>
/// <param name="Backlog">Connections that may wait to be accepted.</param>
/// <param name="Shared">Whether other workers listen on the same address (SO_REUSEPORT).</param>
public readonly record struct ListenSettings(int Backlog, bool Shared);
