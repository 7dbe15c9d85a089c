using Tailrace.Cli.Commands;

return new CommandTree(Launch.Run).Run(args, Console.Out, Console.Error);
