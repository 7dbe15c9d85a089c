namespace Tailrace.Sessions;

/// <summary>What <see cref="BodyReader.Next(out int)"/> found.</summary>
public enum BodyStep : byte
{
    /// <summary>Body bytes lie at the front of the input.</summary>
    Data,

    /// <summary>More has to be received first.</summary>
    NeedMore,

    /// <summary>The body has ended.</summary>
    End,

    /// <summary>The body breaks the rules; the connection is of no more use.</summary>
    Rejected,
}
