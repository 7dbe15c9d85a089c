using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tailrace.Io;

namespace Tailrace.Hosting;

/// <summary>What to tell a user whose address cannot be listened on, or whose workers find no descriptor.</summary>
internal static class ListenErrors
{
    internal static string Describe(IoException failure)
    {
        if (failure.Address is not { } address)
        {
            return failure.Error.IsOutOfDescriptors()
                ? $"{failure.Message}: {NoDescriptor(failure.Error)}, or take fewer workers"
                : failure.Message;
        }
        if (address is UnixDomainSocketEndPoint path && Describe(path.ToString()!, failure.Error) is { } reason)
            return $"cannot listen on unix:{path}: {reason}";
        return failure.Error switch
        {
            IoError.AddressInUse =>
                $"cannot listen on {address}: the address is in use{Holder(address, failure.IsDatagram)}",
            IoError.AddressNotAvailable => $"cannot listen on {address}: it is not an address of this machine",
            IoError.NotPermitted when address is IPEndPoint { Port: < 1024 } =>
                $"cannot listen on {address}: not permitted; ports below 1024 need root or CAP_NET_BIND_SERVICE",
            IoError.NotPermitted => $"cannot listen on {address}: not permitted",
            var error when error.IsOutOfDescriptors() => $"cannot listen on {address}: {NoDescriptor(error)}",
            _ when failure.Errno != 0 =>
                $"cannot listen on {address}: {Marshal.GetPInvokeErrorMessage(failure.Errno)}",
            _ => failure.Message,
        };
    }

    /// <summary>Names the limit that was met: the process's (EMFILE) or the system's (ENFILE).</summary>
    internal static string NoDescriptor(IoError error) => error == IoError.FileTableFull
        ? "the whole system has no file left; raise its limit ('sysctl fs.file-max'), or see which process has so many"
        : NoDescriptor(Loops.RaiseDescriptorLimit());

    /// <summary>The same of the process's limit. Those that are kept may be free still, or taken as well.</summary>
    internal static string NoDescriptor(long limit) =>
        $"no file descriptor is left for connections of the {limit} that are allowed, the last "
            + $"{DescriptorReserve.SizeOf(limit)} of which are kept for files and logs; raise the limit "
            + "('ulimit -n', LimitNOFILE= in systemd)";

    private static string? Describe(string path, IoError error)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (folder is not null && !Directory.Exists(folder)) return $"there is no directory '{folder}'";
        if (error == IoError.NotPermitted) return "this user may not make a file there";
        if (error != IoError.AddressInUse) return null;
        return UnixSockets.IsSocket(path) ? "another process listens there" : "a file is there that is no socket";
    }

    private static string Holder(EndPoint address, bool isUdp) =>
        address is IPEndPoint { Port: > 0 } ip && PortHolder.Find(ip.Port, isUdp) is { } holder ? $" by {holder}" : "";
}
