using System.CommandLine;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace echo</c>: the companion origin, to try a proxy with.</summary>
internal static class EchoCommand
{
    /// <summary>Where the companion origin listens unless told otherwise.</summary>
    public const string DefaultAddress = "127.0.0.1:9001";

    /// <summary>Makes the command.</summary>
    public static Command Create(Launcher launcher)
    {
        Option<string> listen = SharedOptions.Listen(DefaultAddress);
        var shared = new SharedOptions();
        var command = new Command("echo", "Run an origin that answers with what it received, to try a proxy with.")
        {
            listen,
        };
        shared.AddTo(command);
        command.SetAction(parsed =>
        {
            TailraceOptions options = shared.Read(parsed) with
            {
                Listeners = [new ListenerOptions { Name = "echo", Address = parsed.GetRequiredValue(listen) }],
            };
            InvocationConfiguration console = parsed.InvocationConfiguration;
            return SharedOptions.Launch(launcher, options, console, BuiltInPages.Echo);
        });
        return command;
    }
}
