using Tailrace.Io;

namespace Tailrace.Sessions;

/// <summary>How a <see cref="Successor"/> ended.</summary>
/// <param name="MustReset">Whether the client is to be told by a reset.</param>
/// <param name="Received">Bytes that came from the client.</param>
/// <param name="Sent">Bytes that the client was sent.</param>
internal readonly record struct SuccessorEnd(bool MustReset, long Received, long Sent);

/// <summary>What goes on with a client's connection when HTTP on it has ended: a tunnel.</summary>
/// <remarks>
/// Given to an exchange by its handler. The session runs it once the exchange's answer has been sent, when the exchange
/// and its buffers are free for others already. Used on the connection's reactor only.
/// </remarks>
internal abstract class Successor
{
    /// <summary>Carries bytes until either side is done.</summary>
    /// <param name="downstream">
    /// The client's connection. Its input may have bytes that came behind the request. The session closes it.
    /// </param>
    internal abstract LoopTask<SuccessorEnd> RunAsync(Connection downstream);

    /// <summary>Gives back what it holds; called once, whether it ran or not.</summary>
    internal abstract void Close();
}
