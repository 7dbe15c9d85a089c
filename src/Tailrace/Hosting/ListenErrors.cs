using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tailrace.Io;

namespace Tailrace.Hosting;

/// <summary>What to tell a user whose address cannot be listened on, or whose workers find no descriptor.</summary>
internal static class ListenErrors
{
    internal static string Describe(IoException failure)
    {
        if (failure.Address is not { } address)
        {
            return failure.Error == IoError.OutOfDescriptors
                ? $"{failure.Message}: {NoDescriptor()}, or take fewer workers"
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
            IoError.OutOfDescriptors => $"cannot listen on {address}: {NoDescriptor()}",
            _ => failure.Message,
        };
    }

    private static string NoDescriptor() => NoDescriptor(Loops.RaiseDescriptorLimit(), ReadFileTable());

    /// <summary>Tells the process's limit (EMFILE) from the system's (ENFILE).</summary>
    /// <param name="allowed">What the process may have.</param>
    /// <param name="fileTable">What the system has: open, free, most, separated by tabs; empty if not known.</param>
    internal static string NoDescriptor(long allowed, string fileTable)
    {
        var fields = fileTable.Split('\t');
        // What this process had open is closed by now: with that the system's may have been all.
        if (fields.Length == 3 && long.TryParse(fields[0], CultureInfo.InvariantCulture, out var open)
            && long.TryParse(fields[2], CultureInfo.InvariantCulture, out var most) && open >= most - allowed)
        {
            return $"no file descriptor is left of the {most} of the whole system, {open} of which others have; raise "
                + "the limit ('sysctl fs.file-max')";
        }
        return $"no file descriptor is left of the {allowed} that are allowed; raise the limit ('ulimit -n', "
            + "LimitNOFILE= in systemd)";
    }

    private static string ReadFileTable()
    {
        try
        {
            return File.ReadAllText("/proc/sys/fs/file-nr");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

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
