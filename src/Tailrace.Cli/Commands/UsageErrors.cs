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
        if (WriteSwallowed(parsed, error))
        {
            WriteHelp(command, error);
            return;
        }
        bool anyUnknown = false;
        foreach (string word in Unknown(parsed))
        {
            // The value of an unknown option is unknown too; only the option is worth a word.
            if (anyUnknown && !IsOption(word)) continue;
            anyUnknown = true;
            string kind = IsOption(word) ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            string hint = Nearest(word, command) is { } meant ? $"; did you mean '{meant}'?" : "";
            error.WriteLine($"tailrace: unknown {kind} '{word}'{hint}");
        }
        // An unknown word makes others seem to be missing, so it is dealt with first.
        if (!anyUnknown)
        {
            foreach (ParseError mistake in parsed.Errors) error.WriteLine($"tailrace: {Explain(mistake)}");
        }
        WriteHelp(command, error);
    }

    private static void WriteHelp(Command command, TextWriter error)
    {
        string name = command.Name == "tailrace" ? "tailrace" : $"tailrace {command.Name}";
        error.WriteLine($"Try '{name} --help'.");
    }

    // The parser takes the next option for the value of one that has none, and what follows for an argument.
    private static bool WriteSwallowed(ParseResult parsed, TextWriter error)
    {
        IEnumerable<Option> options = parsed.CommandResult.Command.Options;
        string[] names = [.. options.SelectMany(option => option.Aliases.Append(option.Name))];
        OptionResult[] swallowing = [.. parsed.CommandResult.Children.OfType<OptionResult>()
            .Where(option => option.Tokens.Any(token => names.Contains(token.Value)))];
        foreach (OptionResult option in swallowing)
            error.WriteLine($"tailrace: {Usage(option.Option)}: the value is missing");
        return swallowing.Length > 0;
    }

    /// <summary>Whether a word is written like an option.</summary>
    public static bool IsOption(string word) => word is ['-', _, ..];

    // The parser takes an option that it does not know for an argument, where one may stand.
    private static IEnumerable<string> Unknown(ParseResult parsed) =>
    [
        .. parsed.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens).Select(token => token.Value).Where(IsOption),
        .. parsed.UnmatchedTokens,
    ];

    /// <summary>Says that a destination is of another protocol than a command forwards; null when it is not.</summary>
    public static string? OtherProtocol(string text, DestinationAddress address, string scheme)
    {
        if (address.Scheme.Length == 0 || address.Scheme == scheme) return null;
        string meant = (address with { Scheme = "" }).ToString(scheme);
        return $"'{text}' is {address.Scheme}, and this command forwards {scheme}; "
            + $"write '{meant[(scheme.Length + 3)..]}' or '{meant}'";
    }

    // What the parser finds by itself has no text of ours.
    private static string Explain(ParseError mistake) => mistake.SymbolResult switch
    {
        OptionResult { IdentifierToken: null } option => $"{Usage(option.Option)} is missing",
        OptionResult { Tokens.Count: 0 } option => $"{Usage(option.Option)}: the value is missing",
        OptionResult option when option.IdentifierTokenCount > 1 && option.Option.Arity.MaximumNumberOfValues == 1 =>
            $"{option.Option.Name}: it is given {option.IdentifierTokenCount} times, and takes one value",
        ArgumentResult { Tokens.Count: 0, Argument: var argument } => $"<{argument.Name}> is missing",
        CommandResult { Command.Arguments: [var argument, ..] } => $"<{argument.Name}> is missing",
        _ => mistake.Message,
    };

    private static string Usage(Option option) => $"{option.Name} <{option.HelpName ?? "value"}>";

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
