using System.CommandLine;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace schema</c>: prints the JSON Schema of the configuration, or its reference.</summary>
internal static class SchemaCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var markdown = new Option<bool>("--markdown") { Description = "Print the reference of all keys instead." };
        var command = new Command("schema", "Print the JSON Schema of the configuration, for editors.") { markdown };
        command.SetAction(parsed =>
        {
            bool reference = parsed.GetValue(markdown);
            string text = reference ? ConfigReader.MarkdownReference() : ConfigReader.JsonSchema();
            parsed.InvocationConfiguration.Output.Write(text);
            return ExitCode.Fine;
        });
        return command;
    }
}
