using System.CommandLine;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace schema</c>: prints the JSON Schema of the configuration.</summary>
internal static class SchemaCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("schema", "Print the JSON Schema of the configuration, for editors.");
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(ConfigReader.JsonSchema());
            return ExitCode.Fine;
        });
        return command;
    }
}
