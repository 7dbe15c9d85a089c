namespace Tailrace.Io;

/// <summary>What several errors have in common.</summary>
internal static class IoErrors
{
    /// <summary>Whether it is this side that has no memory left, which is nobody else's fault.</summary>
    internal static bool IsShortage(this IoError error) => error is IoError.NoBuffers or IoError.OutOfMemory;
}
