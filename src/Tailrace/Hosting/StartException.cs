namespace Tailrace.Hosting;

/// <summary>The server cannot start, for a reason that the user can mend; the message is for them.</summary>
public sealed class StartException : Exception
{
    /// <summary>Creates the exception.</summary>
    public StartException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
