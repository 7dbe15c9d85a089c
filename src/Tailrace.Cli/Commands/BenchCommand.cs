using System.CommandLine;
using System.CommandLine.Parsing;
using Tailrace.Cli.Bench;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Proxy;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace bench URL</c>: load on a server, through a proxy or past it, and what came of it.</summary>
internal static class BenchCommand
{
    private const int ConnectionsMax = 100_000;
    private const int SecondsMax = 24 * 60 * 60;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var url = new Argument<string>("url") { Description = "What to ask for, such as http://127.0.0.1:8080/." };
        var connections = Number(
            "--connections", "-c", 100, ConnectionsMax, "Connections, each with one request at a time.");
        var seconds = Number("--seconds", "-s", 10, SecondsMax, "For how long, after a second to warm up.");
        var workers = Number("--workers", "-w", 1, SharedOptions.WorkersMax, "Threads that make the requests.");
        var engine = SharedOptions.Engine();
        url.Validators.Add(RequireUrl);
        var command = new Command("bench", "Ask for the same page again and again, and say how fast it comes.")
        {
            url, connections, seconds, workers, engine,
        };
        command.SetAction(parsed => Run(
            new LoadPlan
            {
                Url = WithScheme(parsed.GetRequiredValue(url)),
                Connections = parsed.GetValue(connections),
                Duration = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                Workers = parsed.GetValue(workers),
                Engine = SharedOptions.EngineOf(parsed.GetValue(engine)),
            },
            parsed.InvocationConfiguration));
        return command;
    }

    private static int Run(LoadPlan plan, InvocationConfiguration console)
    {
        using var stop = new CancellationTokenSource();
        // The figures until then are still worth telling.
        using var signals = new Signals(stop.Cancel);
        try
        {
            var seconds = plan.Duration.TotalSeconds;
            console.Output.WriteLine($"GET {plan.Url}, {plan.Connections} connections, {seconds:0} s");
            var result = LoadRun.Do(plan, stop.Token);
            if (result.Unreachable != FetchError.None)
            {
                console.Error.WriteLine($"tailrace: {plan.Url}: {LoadReport.TextOf(result.Unreachable)}");
                return ExitCode.Failed;
            }
            LoadReport.Write(result, console.Output);
            return result.IsClean ? ExitCode.Fine : ExitCode.Failed;
        }
        catch (IoException failure)
        {
            console.Error.WriteLine($"tailrace: {failure.Message}");
            return ExitCode.Failed;
        }
    }

    private static Option<int> Number(string name, string alias, int fallback, int max, string description)
    {
        var option = new Option<int>(name, alias)
        {
            Description = description,
            HelpName = "n",
            DefaultValueFactory = _ => fallback,
        };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (int.TryParse(token.Value, out var value) && value >= 1 && value <= max) continue;
                result.AddError($"{name}: expected a number from 1 to {max}; found '{token.Value}'");
            }
        });
        return option;
    }

    private static void RequireUrl(ArgumentResult result)
    {
        foreach (var token in result.Tokens)
        {
            if (token.Value.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
                result.AddError($"'{token.Value}': https is not supported; write an http:// URL");
            else if (!Uri.TryCreate(WithScheme(token.Value), UriKind.Absolute, out var url) || url.Scheme != "http")
                result.AddError($"'{token.Value}': expected a URL such as http://127.0.0.1:8080/");
        }
    }

    private static string WithScheme(string url) =>
        url.Contains("://", StringComparison.Ordinal) ? url : $"http://{url}";
}
