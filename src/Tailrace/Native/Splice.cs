namespace Tailrace.Native;

/// <summary>Constants of splice(2) and of its pipes.</summary>
internal static class Splice
{
    /// <summary>F_SETPIPE_SZ of fcntl(2).</summary>
    internal const int SetPipeSize = 1031;

    private const uint Move = 1;
    private const uint NonBlock = 2;

    /// <summary>Moves pages where that can be done, and never waits for the pipe.</summary>
    internal const uint Flags = Move | NonBlock;
}
