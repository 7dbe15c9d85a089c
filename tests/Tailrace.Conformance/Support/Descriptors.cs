using System.Net;
using System.Net.Sockets;

namespace Tailrace.Conformance.Support;

/// <summary>The descriptors of this process that scenarios may leak: sockets and event queues.</summary>
/// <remarks>Tests run one after another, so what is open before a scenario is what has to be open after it.</remarks>
internal static class Descriptors
{
    static Descriptors()
    {
        // The framework keeps an event queue of its own from the first asynchronous operation on.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        var connecting = client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var accepted = listener.AcceptTcpClientAsync().GetAwaiter().GetResult();
        connecting.GetAwaiter().GetResult();
    }

    /// <summary>How many are open.</summary>
    internal static int Count() => Count("socket:") + Count("anon_inode:");

    /// <summary>How many ends of pipes are open. The framework has some too, so ask right before and after.</summary>
    internal static int CountPipes() => Count("pipe:");

    private static int Count(string kind) =>
        Directory.EnumerateFiles("/proc/self/fd").Count(path => IsOfKind(path, kind));

    private static bool IsOfKind(string path, string kind)
    {
        try
        {
            return new FileInfo(path).LinkTarget?.StartsWith(kind, StringComparison.Ordinal) == true;
        }
        catch (IOException)
        {
            // Closed meanwhile: the one that lists the directory, for example.
            return false;
        }
    }
}
