using System.CommandLine;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace udp</c>: forwards datagrams without a file, with the options of <c>tailrace tcp</c>.</summary>
internal static class UdpCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Launcher launcher) => TcpCommand.Fill(
        new Command("udp", "Forward UDP datagrams, without a configuration file."), ListenerProtocol.Udp, launcher);
}
