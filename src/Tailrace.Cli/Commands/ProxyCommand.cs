using System.CommandLine;
using System.CommandLine.Parsing;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace proxy --to URL</c>: a reverse proxy without a file.</summary>
internal static class ProxyCommand
{
    private const string ClusterName = "origin";

    /// <summary>Makes the command.</summary>
    public static Command Create(Launcher launcher)
    {
        Option<string> listen = SharedOptions.Listen("127.0.0.1:8080");
        var to = new Option<string[]>("--to")
        {
            Description = "Where to forward requests; given several times, in turn.",
            HelpName = "url",
            Required = true,
        };
        to.Validators.Add(RequireDestinations);
        var shared = new SharedOptions();
        var command = new Command("proxy", "Forward every request, without a configuration file.") { listen, to };
        shared.AddTo(command);
        command.SetAction(parsed =>
        {
            string[] urls = parsed.GetRequiredValue(to);
            TailraceOptions options = shared.Read(parsed) with
            {
                Listeners = [new ListenerOptions { Address = parsed.GetRequiredValue(listen) }],
                Routes = [new RouteOptions { Cluster = ClusterName }],
                Clusters = new Dictionary<string, ClusterOptions>
                {
                    [ClusterName] = new()
                    {
                        Destinations = Array.ConvertAll(urls, url => new DestinationOptions { Address = url }),
                    },
                },
            };
            InvocationConfiguration console = parsed.InvocationConfiguration;
            return SharedOptions.Launch(launcher, options, console);
        });
        return command;
    }

    private static void RequireDestinations(OptionResult result)
    {
        var seen = new HashSet<string>();
        foreach (Token token in result.Tokens)
        {
            bool valid = DestinationAddress.TryParse(token.Value, out DestinationAddress address, out string error);
            if (!valid) result.AddError($"--to: {error}");
            else if (UsageErrors.OtherProtocol(token.Value, address, "http") is { } other)
                result.AddError($"--to: {other}");
            else if (!seen.Add(address.Name)) result.AddError($"--to: {address} is given twice");
        }
    }
}
