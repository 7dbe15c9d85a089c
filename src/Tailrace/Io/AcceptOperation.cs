namespace Tailrace.Io;

/// <summary>An accept, and the place where the connection that came of it is found.</summary>
public sealed class AcceptOperation : IoOperation
{
    /// <summary>The descriptor that was accepted.</summary>
    internal IoHandle? Opened { get; set; }
}
