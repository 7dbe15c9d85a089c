using System.CommandLine;
using System.CommandLine.Parsing;
using Tailrace.Config;
using Tailrace.Hosting;

namespace Tailrace.Cli.Commands;

/// <summary>
/// The options that the commands without a file have in common; each adds them to itself and reads them back.
/// </summary>
internal sealed class SharedOptions
{
    /// <summary>The most threads that can be asked for.</summary>
    public const int WorkersMax = 1024;

    private readonly Option<string> _workers = new("--workers")
    {
        Description = "Threads that serve connections: auto or a number.",
        HelpName = "auto|N",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<bool> _pin = new("--pin") { Description = "Pin each worker to a CPU of its own." };

    private readonly Option<string> _engine = Engine();

    private readonly Option<string> _logLevel = new("--log-level")
    {
        Description = "The least severe level that is logged.",
        DefaultValueFactory = _ => "info",
    };

    private readonly Option<string> _logFormat = new("--log-format")
    {
        Description = "How a log line looks.",
        DefaultValueFactory = _ => "text",
    };

    private readonly Option<string?> _admin = new("--admin")
    {
        Description = "Where to tell metrics and health: GET /metrics and /health.",
        HelpName = "address",
    };

    private readonly Option<string> _accessLog = new("--access-log")
    {
        Description = "One line on stdout for each request.",
        DefaultValueFactory = _ => "off",
    };

    public SharedOptions()
    {
        _workers.Validators.Add(RequireWorkers);
        _admin.Validators.Add(RequireAddress);
        Accept(_logLevel, "debug", "info", "warn", "error");
        Accept(_logFormat, "text", "json");
        Accept(_accessLog, "off", "common", "json");
    }

    /// <summary>Adds the options to a command, after its own.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_workers);
        command.Options.Add(_pin);
        command.Options.Add(_engine);
        command.Options.Add(_logLevel);
        command.Options.Add(_logFormat);
        command.Options.Add(_accessLog);
        command.Options.Add(_admin);
    }

    /// <summary>The options that the command line asks for; what it does not mention has its default.</summary>
    public TailraceOptions Read(ParseResult parsed) => new()
    {
        Workers = int.TryParse(parsed.GetValue(_workers), out int workers) ? workers : 0,
        Pin = parsed.GetValue(_pin),
        Engine = EngineOf(parsed.GetValue(_engine)),
        Log = new LogOptions
        {
            Level = parsed.GetValue(_logLevel) switch
            {
                "debug" => LogLevel.Debug,
                "warn" => LogLevel.Warn,
                "error" => LogLevel.Error,
                _ => LogLevel.Info,
            },
            Format = parsed.GetValue(_logFormat) == "json" ? LogFormat.Json : LogFormat.Text,
        },
        Admin = parsed.GetValue(_admin) is { } admin ? new AdminOptions { Address = admin } : null,
        AccessLog = new AccessLogOptions
        {
            Format = parsed.GetValue(_accessLog) switch
            {
                "common" => AccessLogFormat.Common,
                "json" => AccessLogFormat.Json,
                _ => AccessLogFormat.Off,
            },
        },
    };

    /// <summary>Launches what a command without a file has made of its options.</summary>
    public static int Launch(
        Launcher launcher, TailraceOptions options, InvocationConfiguration console,
        BuiltInPages pages = BuiltInPages.None)
    {
        // All that an option can be by itself is checked; what is left is two of them that do not go together.
        IReadOnlyList<ConfigProblem> problems = Validator.Validate(
            options, hasHandlers: pages != BuiltInPages.None, MachineAddresses.Has);
        if (problems.Count == 0) return launcher(new LaunchRequest(options, pages), console.Output, console.Error);
        foreach (ConfigProblem problem in problems)
        {
            console.Error.WriteLine(problem.Path == "admin.address"
                ? $"tailrace: --admin: {options.Admin!.Address} is where clients are to connect; give another address"
                : $"tailrace: {problem.Message}");
        }
        return ExitCode.Usage;
    }

    /// <summary>Makes the option that takes an engine.</summary>
    public static Option<string> Engine()
    {
        var option = new Option<string>("--engine")
        {
            Description = "What drives the event loops.",
            DefaultValueFactory = _ => "auto",
        };
        Accept(option, "auto", "epoll", "io_uring", "portable");
        return option;
    }

    /// <summary>The engine of that option's value.</summary>
    public static EngineChoice EngineOf(string? word) => word switch
    {
        "epoll" => EngineChoice.Epoll,
        "io_uring" => EngineChoice.IoUring,
        "portable" => EngineChoice.Portable,
        _ => EngineChoice.Auto,
    };

    /// <summary>Makes an option that takes an address to listen on.</summary>
    public static Option<string> Listen(string fallback) => AddressOption(
        "--listen", "Where to listen: 127.0.0.1:8080, [::1]:8080, or :8080 for every address of the machine.",
        fallback);

    /// <summary>Makes an option that takes an address to listen on, by another name.</summary>
    public static Option<string> AddressOption(string name, string description, string fallback)
    {
        var option = new Option<string>(name)
        {
            Description = description,
            HelpName = "address",
            DefaultValueFactory = _ => fallback,
        };
        option.Validators.Add(RequireAddress);
        return option;
    }

    private static void RequireAddress(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            bool valid = ListenAddress.TryParse(token.Value, out _, out string error);
            if (!valid) result.AddError($"{result.Option.Name}: {error}");
        }
    }

    private static void RequireWorkers(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            bool isNumber = int.TryParse(token.Value, out int workers) && workers is >= 1 and <= WorkersMax;
            if (isNumber || token.Value == "auto") continue;
            result.AddError($"--workers: expected 'auto' or a number from 1 to {WorkersMax}; found '{token.Value}'");
        }
    }

    // Like AcceptOnlyFromAmong, with an answer in one line that says what was probably meant.
    private static void Accept(Option<string> option, params string[] words)
    {
        option.HelpName = string.Join('|', words);
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
            {
                if (words.Contains(token.Value)) continue;
                string hint = Suggestion.For(token.Value, words) is { } meant ? $"; did you mean '{meant}'?" : "";
                string expected = $"{string.Join(", ", words[..^1])} or {words[^1]}";
                result.AddError($"{option.Name}: expected {expected}; found '{token.Value}'{hint}");
            }
        });
    }
}
