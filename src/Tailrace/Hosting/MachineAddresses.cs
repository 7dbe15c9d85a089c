using System.Net;
using System.Net.NetworkInformation;

namespace Tailrace.Hosting;

/// <summary>Which addresses are this machine's, as far as the process sees them.</summary>
/// <remarks>Slow plane: asked when options are checked, and only of a destination that could be a listener.</remarks>
public static class MachineAddresses
{
    /// <summary>Whether what is sent to an address stays on this machine; false when the system does not say.</summary>
    /// <param name="address">The address, not a mapped one.</param>
    public static bool Has(IPAddress address)
    {
        if (IPAddress.IsLoopback(address)) return true;
        try
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(one => one.GetIPProperties().UnicastAddresses)
                .Any(own => own.Address.Equals(address));
        }
        catch (NetworkInformationException)
        {
            // A sandbox may not let it be asked; what leads back is found out by its connections then.
            return false;
        }
    }
}
