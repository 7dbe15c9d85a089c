using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Tailrace.Config;

namespace Tailrace.Cli.Commands;

/// <summary>
/// The <c>tailrace</c> command: its commands, its exit codes, and what it says to those who mistype it.
/// </summary>
/// <remarks>
/// Built anew for each run and free of global state, so that tests run it in process with writers and a launcher of
/// their own. A mistake of the user is a message and an exit code, never a stack trace.
/// </remarks>
internal sealed class CommandTree
{
    private readonly Command _root;

    public CommandTree(Launcher launcher)
    {
        // Not a RootCommand, whose name is that of the assembly.
        _root = new Command("tailrace", "TCP and HTTP proxy, load balancer and server on its own event loops.")
        {
            new HelpOption { Action = new HelpWithExamples(new HelpAction()) },
            new VersionOption { Action = new VersionAction() },
            RunCommand.Create(launcher),
            CheckCommand.Create(),
            ProxyCommand.Create(launcher),
            TcpCommand.Create(launcher),
            UdpCommand.Create(launcher),
            EchoCommand.Create(launcher),
            DemoCommand.Create(launcher),
            BenchCommand.Create(),
            SchemaCommand.Create(),
        };
    }

    /// <summary>The version of this build.</summary>
    public static string Version => typeof(TailraceOptions).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>Runs the command line and returns the exit code.</summary>
    public int Run(string[] args, TextWriter output, TextWriter error)
    {
        ParseResult parsed = _root.Parse(args);
        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            // A defect should leave its stack trace; users' mistakes never come as exceptions.
            EnableDefaultExceptionHandler = false,
            // Signals belong to the server, which drains before it ends.
            ProcessTerminationTimeout = null,
        };
        // Help and version are given even where something else is missing.
        if (parsed.Action is not (null or ParseErrorAction)) return parsed.Invoke(configuration);

        if (args.Length == 0)
        {
            // Whoever asks for nothing wants to know what there is.
            configuration.Output = error;
            _root.Parse("--help").Invoke(configuration);
            return ExitCode.Usage;
        }
        UsageErrors.Write(parsed, error);
        return ExitCode.Usage;
    }

    private sealed class VersionAction : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"tailrace {Version}");
            return ExitCode.Fine;
        }
    }

    private sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            int code = help.Invoke(parseResult);
            string examples = Examples.For(parseResult.CommandResult.Command.Name);
            TextWriter output = parseResult.InvocationConfiguration.Output;
            if (examples.Length > 0) output.WriteLine($"Examples:\n{examples}");
            return code;
        }
    }
}
