using System.CommandLine;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace run FILE</c>: runs a configuration.</summary>
internal static class RunCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Launcher launcher)
    {
        Argument<string> file = ConfigFile.Argument();
        var command = new Command("run", "Run a configuration until SIGTERM or SIGINT.") { file };
        command.SetAction(parsed =>
        {
            InvocationConfiguration console = parsed.InvocationConfiguration;
            TailraceOptions? options = ConfigFile.Load(parsed.GetRequiredValue(file), console.Error);
            if (options is null) return ExitCode.Failed;
            return launcher(new LaunchRequest(options, BuiltInPages.None), console.Output, console.Error);
        });
        return command;
    }
}
