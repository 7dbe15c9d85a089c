namespace Tailrace.Http;

/// <summary>What became of an attempt to read a message head.</summary>
public enum ParseStatus : byte
{
    /// <summary>What is there is fine so far, and unfinished: call again when there is more.</summary>
    NeedMore,

    /// <summary>The head is whole and valid.</summary>
    Complete,

    /// <summary>No later byte can make it valid; the reason stands in the head.</summary>
    Rejected,
}
