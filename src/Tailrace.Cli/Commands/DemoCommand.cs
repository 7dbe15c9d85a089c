using System.CommandLine;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace demo</c>: an origin and a proxy in front of it in one process.</summary>
internal static class DemoCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Launcher launcher)
    {
        Option<string> listen = SharedOptions.Listen("127.0.0.1:8080");
        var shared = new SharedOptions();
        var command = new Command("demo", "Run an origin and a proxy in front of it, with pages that explain them.")
        {
            listen,
        };
        shared.AddTo(command);
        command.SetAction(parsed =>
        {
            InvocationConfiguration console = parsed.InvocationConfiguration;
            TailraceOptions options = Describe(shared.Read(parsed), parsed.GetRequiredValue(listen));
            return launcher(new LaunchRequest(options, BuiltInPages.Demo), console.Output, console.Error);
        });
        return command;
    }

    // What no page of the demo answers is forwarded to the origin.
    private static TailraceOptions Describe(TailraceOptions options, string address) => options with
    {
        Listeners =
        [
            new ListenerOptions
            {
                Name = "demo",
                Address = address,
                Routes = [new RouteOptions { Cluster = "echo" }],
            },
            new ListenerOptions { Name = "echo", Address = EchoCommand.DefaultAddress },
        ],
        Clusters = new Dictionary<string, ClusterOptions>
        {
            ["echo"] = new() { Destinations = [$"http://{EchoCommand.DefaultAddress}"] },
        },
    };
}
