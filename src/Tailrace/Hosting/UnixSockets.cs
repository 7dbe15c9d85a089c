using System.Net.Sockets;

namespace Tailrace.Hosting;

/// <summary>
/// The files of Unix sockets that are listened on: the kernel makes them and never removes them (unix(7)).
/// </summary>
internal static class UnixSockets
{
    /// <summary>Removes the socket of a process that has ended; one that somebody listens on stays.</summary>
    internal static void RemoveStale(UnixDomainSocketEndPoint address)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(address);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            Remove(address);
        }
        catch (SocketException)
        {
            // There is none, or it is no socket: binding will tell.
        }
    }

    /// <summary>Removes the socket, if it is there.</summary>
    internal static void Remove(UnixDomainSocketEndPoint address)
    {
        try
        {
            File.Delete(address.ToString());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Whoever made it so has reasons; the next start will say what is in its way.
        }
    }
}
