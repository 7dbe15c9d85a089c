using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Hosting;

namespace Tailrace.Cli.Commands;

/// <summary><c>tailrace tcp</c>: forwards TCP connections without a file; <c>tailrace udp</c> does likewise.</summary>
internal static class TcpCommand
{
    private const string ClusterName = "backend";
    private const string DefaultListen = "0.0.0.0";
    private const int DefaultPort = 8080;
    private const string DefaultBackend = "127.0.0.1";
    private const int DefaultBackendPort = 8081;

    // Grows to 64 KiB by itself where a stream fills it.
    private const int BufferBytes = 8 << 10;

    // Nothing says that a session has ended but its silence.
    private static readonly TimeSpan s_udpIdle = TimeSpan.FromMinutes(1);

    /// <summary>Makes the command.</summary>
    public static Command Create(Launcher launcher) => Fill(
        new Command("tcp", "Forward TCP connections, without a configuration file."), ListenerProtocol.Tcp, launcher);

    /// <summary>Gives a command the options of forwarding, and what it does with them.</summary>
    public static Command Fill(Command command, ListenerProtocol protocol, Launcher launcher)
    {
        // Only streams go over paths.
        string path = protocol == ListenerProtocol.Tcp ? ", or unix:/path" : "";
        var listen = new Option<string>("--listen", "-l")
        {
            Description = $"Where to listen: an IP address or name of this machine{path}.",
            HelpName = "addr",
            DefaultValueFactory = _ => DefaultListen,
        };
        Option<int> port = Port("--port", "-p", "The port to listen on.", DefaultPort, 0);
        var backend = new Option<string[]>("--backend", "-b")
        {
            Description = "Where to forward to: an IP address or a name, either with a port of its own if you like"
                + $"{path}; given several times, in turn.",
            HelpName = "addr",
            DefaultValueFactory = _ => [DefaultBackend],
        };
        Option<int> backendPort = Port("--backend-port", "-P", "The port of backends.", DefaultBackendPort, 1);
        backend.Validators.Add(result => RequireBackends(result, result.GetResult(backendPort), protocol));
        listen.Validators.Add(result => RequireListen(result, protocol));
        var shared = new SharedOptions();
        foreach (Option option in new Option[] { listen, port, backend, backendPort }) command.Options.Add(option);
        shared.AddTo(command);
        command.SetAction(parsed =>
        {
            InvocationConfiguration console = parsed.InvocationConfiguration;
            string host = parsed.GetRequiredValue(listen);
            if (!TryFindAddress(host, out string address, out string error))
            {
                console.Error.WriteLine($"tailrace: --listen: {error}");
                return ExitCode.Failed;
            }
            int toPort = parsed.GetValue(backendPort);
            bool isUdp = protocol == ListenerProtocol.Udp;
            TailraceOptions options = shared.Read(parsed) with
            {
                Listeners =
                [
                    new ListenerOptions
                    {
                        Address = WithPort(address, parsed.GetValue(port)),
                        Protocol = protocol,
                        Cluster = ClusterName,
                        Timeouts = isUdp ? new ListenerTimeouts { Idle = s_udpIdle } : new ListenerTimeouts(),
                    },
                ],
                Buffers = isUdp ? new BufferOptions() : new BufferOptions { Block = BufferBytes },
                Clusters = new Dictionary<string, ClusterOptions>
                {
                    [ClusterName] = new()
                    {
                        Destinations = Array.ConvertAll(
                            parsed.GetRequiredValue(backend),
                            text => new DestinationOptions { Address = WithPort(text, toPort) }),
                    },
                },
            };
            return SharedOptions.Launch(launcher, options, console);
        });
        return command;
    }

    private static Option<int> Port(string name, string alias, string description, int fallback, int min)
    {
        var option = new Option<int>(name, alias)
        {
            Description = description,
            HelpName = "port",
            DefaultValueFactory = _ => fallback,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                bool isPort = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port)
                    && port >= min && port <= 65535;
                if (!isPort) result.AddError($"{name}: '{text}' is not a port; expected a number from {min} to 65535");
                return port;
            },
        };
        return option;
    }

    /// <summary>The address with the port, unless it has one or needs none.</summary>
    private static string WithPort(string text, int port)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal)) return text;
        bool isIp = IPAddress.TryParse(text, out IPAddress? ip);
        if (isIp && ip!.AddressFamily == AddressFamily.InterNetworkV6 && !text.StartsWith('[')) text = $"[{text}]";
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        bool isService = text.StartsWith("srv://", StringComparison.Ordinal);
        bool hasPort = isService || text.LastIndexOf(':') > Math.Max(text.LastIndexOf(']'), scheme);
        return hasPort ? text : string.Create(CultureInfo.InvariantCulture, $"{text}:{port}");
    }

    private static void RequireListen(OptionResult result, ListenerProtocol protocol)
    {
        foreach (Token token in result.Tokens)
        {
            // A name is looked up when it is needed; whatever else it is has to be an address.
            if (IsName(token.Value)) continue;
            string text = WithPort(token.Value, DefaultPort);
            bool valid = ListenAddress.TryParse(text, out ListenAddress address, out string error);
            bool isPath = valid && address.Path.Length > 0;
            if (!valid) result.AddError($"--listen: {error}");
            else if (isPath && protocol == ListenerProtocol.Udp)
                result.AddError($"--listen: '{text}' is a path; udp listens on an IP address");
            else if (text == token.Value && !isPath)
                result.AddError($"--listen: '{text}' has a port; give it by --port");
        }
    }

    private static void RequireBackends(OptionResult result, OptionResult? portResult, ListenerProtocol protocol)
    {
        // A wrong port is told by its own option.
        bool hasPort = int.TryParse(portResult?.Tokens is [var given] ? given.Value : "", out int port);
        var seen = new HashSet<string>();
        foreach (Token token in result.Tokens)
        {
            string text = WithPort(token.Value, hasPort ? port : DefaultBackendPort);
            if (text.StartsWith(':'))
            {
                result.AddError($"--backend: '{token.Value}' has no host; write for example '{DefaultBackend}'");
                continue;
            }
            bool valid = DestinationAddress.TryParse(text, out DestinationAddress address, out string error);
            string scheme = protocol == ListenerProtocol.Udp ? "udp" : "tcp";
            if (!valid) result.AddError($"--backend: {error}");
            else if (UsageErrors.OtherProtocol(token.Value, address, scheme) is { } other)
                result.AddError($"--backend: {other}");
            else if (address.Path.Length > 0 && protocol == ListenerProtocol.Udp)
                result.AddError($"--backend: '{text}' is a path; udp needs a host");
            else if (!seen.Add(address.Name)) result.AddError($"--backend: {token.Value} is given twice");
        }
    }

    private static bool IsName(string text) =>
        text != "localhost" && !IPAddress.TryParse(text, out _) && Uri.CheckHostName(text) == UriHostNameType.Dns
        // A name whose last label is a number is a mistyped IPv4 address.
        && !text.Split('.')[^1].All(char.IsAsciiDigit);

    /// <summary>The address of this machine that a name stands for.</summary>
    private static bool TryFindAddress(string host, out string address, out string error)
    {
        (address, error) = (host, "");
        if (!IsName(host)) return true;
        try
        {
            address = Dns.GetHostAddresses(host)[0].ToString();
            return true;
        }
        catch (SocketException failure)
        {
            error = $"'{host}' cannot be looked up: {LookupErrors.Explain(failure)}";
            return false;
        }
    }
}
