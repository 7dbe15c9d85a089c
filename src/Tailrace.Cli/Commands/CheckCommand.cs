using System.CommandLine;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace check FILE</c>: validates a configuration and says what it would do.</summary>
internal static class CheckCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Argument<string> file = ConfigFile.Argument();
        var command = new Command("check", "Validate a configuration and say what it would do.") { file };
        command.SetAction(parsed =>
        {
            InvocationConfiguration console = parsed.InvocationConfiguration;
            string name = parsed.GetRequiredValue(file);
            TailraceOptions? options = ConfigFile.Load(name, console.Error);
            if (options is null) return ExitCode.Failed;
            console.Output.WriteLine($"{name} is valid.");
            OptionsSummary.Write(options, console.Output);
            return ExitCode.Fine;
        });
        return command;
    }
}
