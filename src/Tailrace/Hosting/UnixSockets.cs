using System.Net;
using System.Net.Sockets;
using Tailrace.Io;

namespace Tailrace.Hosting;

/// <summary>
/// The files of Unix sockets that are listened on: the kernel makes them and never removes them (unix(7)).
/// </summary>
internal static class UnixSockets
{
    /// <summary>
    /// Removes the socket of a process that has ended; one that somebody listens on stays, and what is none.
    /// </summary>
    internal static void RemoveStale(UnixDomainSocketEndPoint address)
    {
        // A connect would wait for as long as the queue of whoever listens there is full.
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        probe.Blocking = false;
        try
        {
            probe.Connect(address);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // A connect to an ordinary file is refused as well.
            if (IsSocket(address.ToString())) Remove(address);
        }
        catch (SocketException)
        {
            // There is none, it is no socket, or the queue of somebody who listens is full: binding will tell.
        }
    }

    /// <summary>Whether there is a socket, which is what a socket's file cannot be opened for (open(2)).</summary>
    internal static bool IsSocket(string path)
    {
        // ENXIO on Linux, EOPNOTSUPP on BSD and macOS. All else may be a file that is in use.
        const int noSuchDevice = 6;
        const int notSupported = 102;
        try
        {
            // For writing too: a pipe would wait for somebody else.
            using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return false;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.HResult is noSuchDevice or notSupported;
        }
    }

    /// <summary>
    /// Removes what a process has listened on, before it stops to: whoever comes next may listen there as soon as it
    /// has, and that socket is not to be removed.
    /// </summary>
    internal static void RemoveOwn(IEnumerable<EndPoint> addresses, Engine engine)
    {
        // .NET's own sockets do it as they close.
        if (engine == Engine.Portable) return;
        foreach (var path in addresses.OfType<UnixDomainSocketEndPoint>()) Remove(path);
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
