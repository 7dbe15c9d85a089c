using System.CommandLine;
using System.CommandLine.Parsing;
using Tailrace.Cli.Demo;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace demo</c>: an origin and a proxy in front of it in one process.</summary>
internal static class DemoCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Launcher launcher)
    {
        Option<string> listen = SharedOptions.Listen("127.0.0.1:8080");
        Option<string> origin = SharedOptions.AddressOption(
            "--origin", "Where the origin behind it listens.", EchoCommand.DefaultAddress);
        origin.Validators.Add(RequireIp);
        var shared = new SharedOptions();
        var command = new Command("demo", "Run an origin and a proxy in front of it, with pages that explain them.")
        {
            listen, origin,
        };
        shared.AddTo(command);
        command.SetAction(parsed =>
        {
            InvocationConfiguration console = parsed.InvocationConfiguration;
            TailraceOptions options = Describe(
                shared.Read(parsed), parsed.GetRequiredValue(listen), parsed.GetRequiredValue(origin));
            return SharedOptions.Launch(launcher, options, console, BuiltInPages.Demo);
        });
        return command;
    }

    // What no page of the demo answers is forwarded to the origin.
    private static TailraceOptions Describe(TailraceOptions options, string address, string origin) => options with
    {
        Listeners =
        [
            new ListenerOptions
            {
                Name = "demo",
                Address = address,
                Routes = [new RouteOptions { Cluster = "echo" }],
            },
            new ListenerOptions { Name = "echo", Address = origin },
        ],
        Clusters = new Dictionary<string, ClusterOptions>
        {
            ["echo"] = new() { Destinations = [DestinationOf(origin)] },
        },
    };

    private static string DestinationOf(string origin) =>
        ListenAddress.TryParse(origin, out ListenAddress address, out _) ? DemoPages.UrlOf(address.EndPoint) : origin;

    private static void RequireIp(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (ListenAddress.TryParse(token.Value, out ListenAddress address, out _) && address.Path.Length > 0)
                result.AddError($"--origin: '{token.Value}' is a path; the demo's pages fetch from an IP address");
        }
    }
}
