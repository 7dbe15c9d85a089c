using Tailrace.Cli.Commands;

return new CommandTree((_, _, error) =>
{
    error.WriteLine("no server in this build");
    return ExitCode.Failed;
}).Run(args, Console.Out, Console.Error);
