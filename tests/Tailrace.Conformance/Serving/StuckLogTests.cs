using System.Diagnostics;
using System.Net.Sockets;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>Logs that go into a pipe from which nobody reads.</summary>
public sealed class StuckLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tailrace").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("stdout")]
    [InlineData("stderr")]
    public void They_do_not_keep_the_command_from_ending(string accessLog)
    {
        var (socket, file) = (Path.Combine(_folder, "socket"), Path.Combine(_folder, "tailrace.yaml"));
        File.WriteAllText(file, $$"""
            workers: 1
            log: { level: debug }
            access_log: { format: json, path: {{accessLog}} }
            listeners: [{ address: "unix:{{socket}}" }]
            routes: [{ respond: { status: 204 } }]
            """);
        var command = Path.Combine(AppContext.BaseDirectory, "Tailrace.Cli");
        // What nobody asks for is not read by the framework either.
        using var process = Process.Start(new ProcessStartInfo(command, ["run", file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            Wire? connected = null;
            Wait.Until(() => process.HasExited || (connected = TryConnect(socket)) is not null, "it does not start");
            using (var client = connected!)
            {
                // More than any pipe holds.
                for (var i = 0; i < 300; i++)
                {
                    client.Send(Reply.Get($"/{new string('x', 1000)}"));
                    Assert.Equal(204, client.ReadAnswer().Status);
                }
            }
            using (var kill = Process.Start("kill", [$"{process.Id}"])) kill.WaitForExit();
            Wait.Until(() => process.HasExited, "it does not end");
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
            process.WaitForExit();
        }
    }

    // Its file is there before anybody listens.
    private static Wire? TryConnect(string socket)
    {
        try
        {
            return Wire.Connect(new UnixDomainSocketEndPoint(socket));
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
