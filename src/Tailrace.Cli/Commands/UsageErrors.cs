using System.CommandLine;
using System.CommandLine.Parsing;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary>Says what is wrong with a command line, what was probably meant, and where the help is.</summary>
internal static class UsageErrors
{
    /// <summary>Writes one line for each mistake.</summary>
    public static void Write(ParseResult parsed, TextWriter error)
    {
        Command command = parsed.CommandResult.Command;
        bool anyUnknown = false;
        foreach (string word in parsed.UnmatchedTokens)
        {
            // The value of an unknown option is unknown too; only the option is worth a word.
            if (anyUnknown && !word.StartsWith('-')) continue;
            anyUnknown = true;
            string kind = word.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            string hint = Nearest(word, command) is { } meant ? $"; did you mean '{meant}'?" : "";
            error.WriteLine($"tailrace: unknown {kind} '{word}'{hint}");
        }
        // An unknown word makes others seem to be missing, so it is dealt with first.
        if (!anyUnknown)
        {
            foreach (ParseError mistake in parsed.Errors) error.WriteLine($"tailrace: {mistake.Message.TrimEnd('.')}");
        }
        string name = command.Name == "tailrace" ? "tailrace" : $"tailrace {command.Name}";
        error.WriteLine($"Try '{name} --help'.");
    }

    private static string? Nearest(string word, Command command)
    {
        var known = new List<string>();
        foreach (Command sub in command.Subcommands) known.Add(sub.Name);
        foreach (Option option in command.Options) known.Add(option.Name);
        foreach (Symbol parent in command.Parents)
        {
            if (parent is not Command above) continue;
            foreach (Option option in above.Options)
            {
                if (option.Recursive) known.Add(option.Name);
            }
        }
        return Suggestion.For(word, known);
    }
}
