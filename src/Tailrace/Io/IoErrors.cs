namespace Tailrace.Io;

/// <summary>What several errors have in common.</summary>
internal static class IoErrors
{
    /// <summary>Whether it is this side that has no memory left, which is nobody else's fault.</summary>
    internal static bool IsShortage(this IoError error) => error is IoError.NoBuffers or IoError.OutOfMemory;

    /// <summary>Whether no descriptor is left, of whosesoever.</summary>
    internal static bool IsOutOfDescriptors(this IoError error) =>
        error is IoError.OutOfDescriptors or IoError.FileTableFull;
}
