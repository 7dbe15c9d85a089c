namespace Tailrace.Io;

/// <summary>An accepted stream on its way from the loop that accepted it to the one that will serve it.</summary>
/// <param name="Descriptor">Back ends with descriptors: which one.</param>
/// <param name="Socket">The portable back end: the framework's socket.</param>
/// <param name="Remote">The other side's address.</param>
public readonly record struct DetachedStream(long Descriptor, object? Socket, NetAddress Remote);
