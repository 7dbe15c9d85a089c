using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>Serves the connections of one listener on one reactor, whatever is spoken on them.</summary>
/// <remarks>Used on its reactor's thread only.</remarks>
public interface IConnectionServer
{
    /// <summary>Serves an accepted connection until it is over.</summary>
    void Serve(Connection connection);

    /// <summary>Ends what nobody would miss, and lets the rest come to its end.</summary>
    void Drain();

    /// <summary>Ends every connection at once.</summary>
    void Abort();
}
