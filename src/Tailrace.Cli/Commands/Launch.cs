using Tailrace.Cli.Demo;
using Tailrace.Cli.Echo;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Telemetry;

namespace Tailrace.Cli.Commands;

/// <summary>Runs a server in this process until it is asked to stop, and prints what it counted.</summary>
internal static class Launch
{
    /// <summary>How long what the other workers have in flight may take when the engine is changed.</summary>
    private static readonly TimeSpan s_changeGrace = TimeSpan.FromSeconds(1);

    /// <summary>The <see cref="Launcher"/> of the program.</summary>
    public static int Run(LaunchRequest request, TextWriter output, TextWriter error)
    {
        var options = request.Options;
        using var log = new Log(options.Log, error);
        try
        {
            using var signals = new Signals(onHangUp: () =>
                log.Warn("SIGHUP: the configuration is not read again; restart to change it"));
            // Once, or twice where io_uring fails a server that can do without.
            string? refusal = null;
            while (true)
            {
                using var server = new Server(options, log) { UringRefusal = refusal };
                if (request.Pages != BuiltInPages.None) EchoPages.Map(server, "echo");
                if (request.Pages == BuiltInPages.Demo) DemoPages.Map(server, "demo");
                server.WorkerFailed = failure =>
                {
                    refusal = failure.Message;
                    signals.Interrupt();
                };
                server.Start();
                if (request.Pages == BuiltInPages.Demo) DemoPages.Explain(server, output);
                // A worker of the server before may have failed last.
                do signals.Wait(() => WriteStatistics(server, options.Log.Format, log));
                while (!signals.IsStopping && !server.HasFailed);
                var goesOn = server is { HasFailed: true, CanDoWithoutUring: true } && !signals.IsStopping;
                var grace = goesOn ? s_changeGrace : options.Shutdown.Grace;
                log.Info(goesOn ? "io_uring has failed, going on with epoll" : "stopping", ("grace", grace));
                server.Stop(grace);
                WriteStatistics(server, options.Log.Format, log);
                if (!goesOn) return server.HasFailed ? ExitCode.Failed : ExitCode.Fine;
            }
        }
        catch (Exception failure) when (failure is StartException or IOException)
        {
            log.WriteText($"tailrace: {failure.Message}{Environment.NewLine}");
            return ExitCode.Failed;
        }
    }

    /// <summary>By the log's thread: whoever has stopped reading must keep nobody from stopping.</summary>
    private static void WriteStatistics(Server server, LogFormat format, Log log)
    {
        using var text = new StringWriter();
        if (format == LogFormat.Json) StatisticsLines.Write(server, text);
        else StatisticsReport.Write(server, text);
        log.WriteText(text.ToString());
    }
}
