using System.Diagnostics;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>SIGHUP: the end of a terminal stops the command in order, and nothing else by that name does.</summary>
public sealed class HangUpTests
{
    [Fact]
    public void Without_a_terminal_it_is_warned_of_and_nothing_changes()
    {
        using var server = new ChildServer("echo --listen 127.0.0.1:0", "true");
        server.Signal("HUP");
        const string warning = "SIGHUP: the configuration is not read again; restart to change it";
        Wait.Until(() => server.Log.With(warning).Any() || !server.IsRunning, "it is not warned of");
        Assert.True(server.IsRunning);
        using var client = Wire.Connect(server.Address);
        client.Send(Reply.Get());
        Assert.Equal(200, client.ReadAnswer().Status);
        server.Signal("TERM");
        Wait.Until(() => !server.IsRunning, "it does not stop");
        Assert.Equal(0, server.ExitCode);
    }

    [Fact]
    public void A_terminal_that_hangs_up_stops_it_in_order()
    {
        var socket = Path.Combine(Path.GetTempPath(), $"tailrace-{Guid.NewGuid():N}.sock");
        var command = Path.Combine(AppContext.BaseDirectory, "Tailrace.Cli");
        using var terminal = Process.Start(new ProcessStartInfo("script")
        {
            ArgumentList = { "-qfc", $"exec '{command}' tcp -l 'unix:{socket}' -P 9", "/dev/null" },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Wait.Until(() => File.Exists(socket) || terminal.HasExited, "it does not start");
        // Its end is that of the terminal, of which the kernel tells.
        terminal.Kill();
        terminal.WaitForExit();
        Wait.Until(() => !File.Exists(socket), "its socket is left behind");
    }
}
