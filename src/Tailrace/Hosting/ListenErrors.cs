using System.Net;
using Tailrace.Io;

namespace Tailrace.Hosting;

/// <summary>What to tell a user whose address cannot be listened on.</summary>
internal static class ListenErrors
{
    internal static string Describe(EndPoint address, IoError error) => error switch
    {
        IoError.AddressInUse => $"cannot listen on {address}: the address is in use{Holder(address)}",
        IoError.AddressNotAvailable => $"cannot listen on {address}: it is not an address of this machine",
        IoError.NotPermitted => $"cannot listen on {address}: not permitted" +
            (address is IPEndPoint { Port: < 1024 } ? "; ports below 1024 need root or CAP_NET_BIND_SERVICE" : ""),
        IoError.OutOfDescriptors => $"cannot listen on {address}: no file descriptor is left; raise 'ulimit -n'",
        _ => $"cannot listen on {address}: {error}",
    };

    private static string Holder(EndPoint address) =>
        address is IPEndPoint { Port: > 0 } ip && PortHolder.Find(ip.Port) is { } holder ? $" by {holder}" : "";
}
