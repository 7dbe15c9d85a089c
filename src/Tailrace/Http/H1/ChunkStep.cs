namespace Tailrace.Http.H1;

/// <summary>What one step of a <see cref="ChunkedDecoder"/> brought.</summary>
public enum ChunkStep : byte
{
    /// <summary>Nothing to hand on; what is left of the input is needed again with more behind it.</summary>
    NeedMore,

    /// <summary>Body bytes.</summary>
    Data,

    /// <summary>The body and its trailers are over.</summary>
    End,

    /// <summary>No later byte can make it valid.</summary>
    Rejected,
}
