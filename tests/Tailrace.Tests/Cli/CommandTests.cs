using Tailrace.Cli.Commands;
using Tailrace.Config;
using Tailrace.Tests.Config;

namespace Tailrace.Tests.Cli;

/// <summary>The command line as users meet it: what it prints, where, and with which exit code.</summary>
public sealed class CommandTests
{
    private LaunchRequest? _launched;
    private int _launchCode;

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("proxy --help")]
    [InlineData("tcp -h")]
    [InlineData("run --help")]
    public void Help_goes_to_the_output_with_examples(string line)
    {
        (int code, string output, string error) = Run(line.Split(' '));
        Assert.Equal((ExitCode.Fine, ""), (code, error));
        Assert.Contains("Usage:\n  tailrace ", output);
        Assert.Contains("Examples:\n  tailrace ", output);
    }

    [Fact]
    public void Help_names_every_command_and_every_command_has_an_example()
    {
        string[] commands = ["run", "check", "proxy", "tcp", "udp", "echo", "demo", "bench", "schema"];
        string output = Run("--help").Output;
        Assert.All(commands, command => Assert.Contains($"\n  {command} ", output));
        Assert.All(commands, command => Assert.StartsWith($"  tailrace {command}", Examples.For(command)));
    }

    [Fact]
    public void Version_is_that_of_the_library()
    {
        string version = typeof(TailraceOptions).Assembly.GetName().Version!.ToString(3);
        Assert.Equal((ExitCode.Fine, $"tailrace {version}\n", ""), Run("--version"));
    }

    [Theory]
    [InlineData("prxy", "tailrace: unknown command 'prxy'; did you mean 'proxy'?\nTry 'tailrace --help'.\n")]
    [InlineData("frobnicate", "tailrace: unknown command 'frobnicate'\nTry 'tailrace --help'.\n")]
    [InlineData("--versoin",
        "tailrace: unknown option '--versoin'; did you mean '--version'?\nTry 'tailrace --help'.\n")]
    [InlineData("proxy --lisen :80 --to http://a",
        "tailrace: unknown option '--lisen'; did you mean '--listen'?\nTry 'tailrace proxy --help'.\n")]
    [InlineData("bench https://a/",
        "tailrace: 'https://a/': https is not supported; write an http:// URL\nTry 'tailrace bench --help'.\n")]
    [InlineData("bench ftp://a -c 0 -s x",
        "tailrace: --connections: expected a number from 1 to 100000; found '0'\n"
        + "tailrace: --seconds: expected a number from 1 to 86400; found 'x'\n"
        + "tailrace: 'ftp://a': expected a URL such as http://127.0.0.1:8080/\nTry 'tailrace bench --help'.\n")]
    [InlineData("run --engin epoll a.yaml", "tailrace: unknown option '--engin'\nTry 'tailrace run --help'.\n")]
    [InlineData("check --verbose", "tailrace: unknown option '--verbose'\nTry 'tailrace check --help'.\n")]
    [InlineData("run a.yaml b.yaml", "tailrace: unknown argument 'b.yaml'\nTry 'tailrace run --help'.\n")]
    [InlineData("proxy", "tailrace: --to <url> is missing\nTry 'tailrace proxy --help'.\n")]
    [InlineData("check", "tailrace: <file> is missing\nTry 'tailrace check --help'.\n")]
    [InlineData("echo --engine epol",
        "tailrace: --engine: expected auto, epoll, io_uring or portable; found 'epol'; did you mean 'epoll'?\n"
        + "Try 'tailrace echo --help'.\n")]
    [InlineData("echo --workers 0 --listen 80",
        "tailrace: --listen: '80' has no port; write for example ':80'\n"
        + "tailrace: --workers: expected 'auto' or a number from 1 to 1024; found '0'\nTry 'tailrace echo --help'.\n")]
    [InlineData("proxy --to https://a --to http://b --to b:80",
        "tailrace: --to: 'https://a': https to destinations is not supported yet; use http:// on a trusted network\n"
        + "tailrace: --to: http://b is given twice\nTry 'tailrace proxy --help'.\n")]
    [InlineData("tcp -p 70000 -P 0",
        "tailrace: --port: '70000' is not a port; expected a number from 0 to 65535\n"
        + "tailrace: --backend-port: '0' is not a port; expected a number from 1 to 65535\n"
        + "Try 'tailrace tcp --help'.\n")]
    [InlineData("tcp -b b -b b", "tailrace: --backend: b is given twice\nTry 'tailrace tcp --help'.\n")]
    [InlineData("tcp --listen 127.0.0.1:80",
        "tailrace: --listen: '127.0.0.1:80' has a port; give it by --port\nTry 'tailrace tcp --help'.\n")]
    [InlineData("bench", "tailrace: <url> is missing\nTry 'tailrace bench --help'.\n")]
    [InlineData("proxy --to", "tailrace: --to <url>: the value is missing\nTry 'tailrace proxy --help'.\n")]
    [InlineData("tcp -p 1 -p 2",
        "tailrace: --port: it is given 2 times, and takes one value\nTry 'tailrace tcp --help'.\n")]
    [InlineData("echo --admin 9901",
        "tailrace: --admin: '9901' has no port; write for example ':9901'\nTry 'tailrace echo --help'.\n")]
    [InlineData("tcp -b tcp://a -b a:8081", "tailrace: --backend: a:8081 is given twice\nTry 'tailrace tcp --help'.\n")]
    [InlineData("tcp -b http://a -b udp://b:1",
        "tailrace: --backend: 'http://a' is http, and this command forwards tcp; write 'a:8081' or 'tcp://a:8081'\n"
        + "tailrace: --backend: 'udp://b:1' is udp, and this command forwards tcp; write 'b:1' or 'tcp://b:1'\n"
        + "Try 'tailrace tcp --help'.\n")]
    [InlineData("udp -b tcp://[::1]:53",
        "tailrace: --backend: 'tcp://[::1]:53' is tcp, and this command forwards udp; write '[::1]:53' or "
        + "'udp://[::1]:53'\nTry 'tailrace udp --help'.\n")]
    [InlineData("proxy --to tcp://a:1 --to udp://[::1]:80 --to b:2",
        "tailrace: --to: 'tcp://a:1' is tcp, and this command forwards http; write 'a:1' or 'http://a:1'\n"
        + "tailrace: --to: 'udp://[::1]:80' is udp, and this command forwards http; write '[::1]' or 'http://[::1]'\n"
        + "Try 'tailrace proxy --help'.\n")]
    [InlineData("tcp -p 8081",
        "tailrace: '127.0.0.1:8081' leads back to the listener on 0.0.0.0:8081 that forwards to it, without end; "
        + "give another address or port\n")]
    [InlineData("udp -l ::1 -p 53 -b [::1]:53",
        "tailrace: '[::1]:53' leads back to the listener on [::1]:53 that forwards to it, without end; "
        + "give another address or port\n")]
    [InlineData("proxy --listen :81 --to http://localhost:81",
        "tailrace: 'http://localhost:81' leads back to the listener on [::]:81 that forwards to it, without end; "
        + "give another address or port\n")]
    [InlineData("proxy --listen http://127.0.0.1:81/ --to http://a",
        "tailrace: --listen: 'http://127.0.0.1:81/' has a scheme, and is to be an address alone; write "
        + "'127.0.0.1:81'\nTry 'tailrace proxy --help'.\n")]
    [InlineData("tcp -l 300.1.1.1",
        "tailrace: --listen: '300.1.1.1' is not an IP address; listeners take an address of this machine, not a name\n"
        + "Try 'tailrace tcp --help'.\n")]
    [InlineData("tcp -b ",
        "tailrace: --backend: '' has no host; write for example '127.0.0.1'\nTry 'tailrace tcp --help'.\n")]
    [InlineData("tcp -b :90",
        "tailrace: --backend: ':90' has no host; write for example '127.0.0.1'\nTry 'tailrace tcp --help'.\n")]
    [InlineData("tcp -b -P 33", "tailrace: --backend <addr>: the value is missing\nTry 'tailrace tcp --help'.\n")]
    [InlineData("proxy --to --pin", "tailrace: --to <url>: the value is missing\nTry 'tailrace proxy --help'.\n")]
    [InlineData("tcp -b a -b b:5 -P 5 -b a:5", "tailrace: --backend: a:5 is given twice\nTry 'tailrace tcp --help'.\n")]
    [InlineData("echo --listen :9001 --admin :9001",
        "tailrace: --admin: :9001 is where clients are to connect; give another address\n")]
    [InlineData("demo --origin unix:/a",
        "tailrace: --origin: 'unix:/a' is a path; the demo's pages fetch from an IP address\n"
        + "Try 'tailrace demo --help'.\n")]
    [InlineData("udp -l unix:/a -b unix:/b",
        "tailrace: --listen: 'unix:/a' is a path; udp listens on an IP address\n"
        + "tailrace: --backend: 'unix:/b' is a path; udp needs a host\nTry 'tailrace udp --help'.\n")]
    public void Wrong_usage_says_what_was_meant(string line, string expected)
    {
        (int code, string output, string error) = Run(line.Split(' '));
        Assert.Equal((ExitCode.Usage, "", expected), (code, output, error));
        Assert.Null(_launched);
    }

    [Fact]
    public void No_command_is_wrong_usage_and_shows_the_commands()
    {
        (int code, string output, string error) = Run();
        Assert.Equal((ExitCode.Usage, ""), (code, output));
        Assert.Equal(Run("--help").Output, error);
    }

    [Fact]
    public void Proxy_becomes_options()
    {
        Run("proxy", "--listen", ":81", "--to", "http://a", "--to", "http://b:2", "--workers", "3", "--pin",
            "--engine", "epoll", "--log-level", "debug", "--log-format", "json", "--access-log", "common",
            "--admin", ":9901");

        TailraceOptions options = _launched!.Options;
        Assert.Empty(Validator.Validate(options));
        Assert.Equal(":81", options.Listeners.Single().Address);
        Assert.Equal(
            ["http://a", "http://b:2"],
            options.Clusters[options.Routes.Single().Cluster].Destinations.Select(d => d.Address));
        Assert.Equal((3, true, EngineChoice.Epoll), (options.Workers, options.Pin, options.Engine));
        Assert.Equal(new LogOptions { Level = LogLevel.Debug, Format = LogFormat.Json }, options.Log);
        Assert.Equal(AccessLogFormat.Common, options.AccessLog.Format);
        Assert.Equal(":9901", options.Admin!.Address);
        Assert.Equal(BuiltInPages.None, _launched.Pages);
    }

    [Fact]
    public void Proxy_has_the_defaults_of_a_file()
    {
        Run("proxy", "--to", "http://a");
        TailraceOptions options = _launched!.Options;
        Assert.Equal(new TailraceOptions().Log, options.Log);
        Assert.Equal(new TailraceOptions().AccessLog, options.AccessLog);
        Assert.Null(options.Admin);
        Assert.Equal((0, false, EngineChoice.Auto), (options.Workers, options.Pin, options.Engine));
        Assert.Equal("127.0.0.1:8080", options.Listeners.Single().Address);
    }

    [Theory]
    [InlineData("tcp", "0.0.0.0:8080", "127.0.0.1:8081")]
    [InlineData("tcp -l 0.0.0.0 -p 80 -b 192.168.1.100 -P 8080", "0.0.0.0:80", "192.168.1.100:8080")]
    [InlineData("tcp --listen ::1 --port 1 --backend ::2 --backend-port 2", "[::1]:1", "[::2]:2")]
    [InlineData("tcp -l localhost -b origin.example", "localhost:8080", "origin.example:8081")]
    [InlineData("tcp -b 127.0.0.1 -P 3000", "0.0.0.0:8080", "127.0.0.1:3000")]
    [InlineData("tcp -p 80 -b backend.service -P 80", "0.0.0.0:80", "backend.service:80")]
    [InlineData("tcp -p 80 -b 127.0.0.1 -P 443", "0.0.0.0:80", "127.0.0.1:443")]
    [InlineData("tcp -l unix:/a -b unix:/b", "unix:/a", "unix:/b")]
    [InlineData("tcp -b a -b b:9 -b [::1]:7", "0.0.0.0:8080", "a:8081 b:9 [::1]:7")]
    [InlineData("tcp -b tcp://a -b srv://_x._tcp.a", "0.0.0.0:8080", "tcp://a:8081 srv://_x._tcp.a")]
    public void Tcp_becomes_options(string line, string listen, string destinations)
    {
        Run(line.Split(' '));
        TailraceOptions options = _launched!.Options;
        Assert.Empty(Validator.Validate(options));
        ListenerOptions listener = options.Listeners.Single();
        Assert.Equal((listen, ListenerProtocol.Tcp), (listener.Address, listener.Protocol));
        Assert.Equal(destinations.Split(' '), options.Clusters[listener.Cluster].Destinations.Select(d => d.Address));
        Assert.Equal(8192, options.Buffers.Block);
    }

    [Fact]
    public void Udp_takes_the_options_of_tcp()
    {
        Run("udp", "-p", "53", "-b", "::1", "-b", "dns.example:5353", "-P", "54");
        TailraceOptions options = _launched!.Options;
        Assert.Empty(Validator.Validate(options));
        ListenerOptions listener = options.Listeners.Single();
        Assert.Equal(("0.0.0.0:53", ListenerProtocol.Udp), (listener.Address, listener.Protocol));
        Assert.Equal(TimeSpan.FromMinutes(1), listener.Timeouts.Idle);
        IEnumerable<string> destinations = options.Clusters[listener.Cluster].Destinations.Select(d => d.Address);
        Assert.Equal(["[::1]:54", "dns.example:5353"], destinations);
    }

    [Fact]
    public void Tcp_listens_on_the_address_of_a_name()
    {
        Run("tcp", "-l", "ip6-localhost.invalid");
        Assert.Null(_launched);
        Run("tcp", "-l", System.Net.Dns.GetHostName());
        string address = _launched!.Options.Listeners.Single().Address;
        Assert.True(ListenAddress.TryParse(address, out _, out string error), error);
    }

    [Theory]
    [InlineData("echo", "127.0.0.1:9001")]
    [InlineData("demo", "127.0.0.1:8080")]
    public void Echo_and_demo_are_valid_with_their_pages(string command, string address)
    {
        Run(command);
        Assert.Equal(command == "echo" ? BuiltInPages.Echo : BuiltInPages.Demo, _launched!.Pages);
        Assert.Empty(Validator.Validate(_launched.Options, hasHandlers: true));
        ListenerOptions listener = _launched.Options.Listeners[0];
        Assert.Equal((command, address), (listener.Name, listener.Address));
    }

    [Theory]
    [InlineData("127.0.0.1:9002", "http://127.0.0.1:9002")]
    [InlineData("[::1]:9002", "http://[::1]:9002")]
    [InlineData(":9002", "http://127.0.0.1:9002")]
    public void Demo_finds_its_origin_where_it_listens(string origin, string destination)
    {
        Run("demo", "--origin", origin);
        TailraceOptions options = _launched!.Options;
        Assert.Empty(Validator.Validate(options, hasHandlers: true));
        Assert.Equal(origin, options.Listeners[1].Address);
        Assert.Equal(destination, options.Clusters["echo"].Destinations.Single().Address);
    }

    [Fact]
    public void Run_launches_the_file_and_returns_the_code_of_the_launcher()
    {
        _launchCode = 42;
        Assert.Equal(42, Run("run", Path.Combine(TestFiles.Root, "tailrace.example.yaml")).Code);
        Assert.Equal("public", _launched!.Options.Listeners[0].Name);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("check")]
    public void A_wrong_file_prints_all_errors_and_launches_nothing(string command)
    {
        string file = Path.Combine(TestFiles.Golden, "many-at-once.yaml");
        (int code, string output, string error) = Run(command, file);
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.Equal(7, error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith($"{file}:1:1: unknown key 'wrokers' in configuration; did you mean 'workers'?\n", error);
        Assert.Null(_launched);
    }

    [Fact]
    public void A_missing_file_is_a_failure_without_a_stack_trace() =>
        Assert.Equal((ExitCode.Failed, "", "none.yaml: no such file\n"), Run("check", "none.yaml"));

    [Fact]
    public void Check_says_what_the_file_would_do()
    {
        string file = Path.Combine(TestFiles.Root, "tests", "Tailrace.Tests", "Cli", "Golden", "check.yaml");
        string expected = File.ReadAllText(Path.ChangeExtension(file, ".expected"));
        (int code, string output, string error) = Run("check", file);
        Assert.Equal((ExitCode.Fine, ""), (code, error));
        Assert.Equal(expected, output.Replace(file, "check.yaml", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("run")]
    [InlineData("check")]
    public void A_file_that_cannot_be_used_is_told_where_it_is_named(string command)
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, """
            access_log: { format: json, path: /none/access.log }
            listeners:
              - address: :8080
                routes:
                  - respond: { body_file: /none/such }
            """);
        Assert.Equal(
            (ExitCode.Failed, "",
                $"{file}:1:35: path: '/none/access.log': there is no directory '/none'\n"
                + $"{file}:5:31: body_file: '/none/such': there is no such file\n"),
            Run(command, file));
        Assert.Null(_launched);
        File.Delete(file);
    }

    [Fact]
    public void Schema_is_printed()
    {
        Assert.Equal((ExitCode.Fine, ConfigReader.JsonSchema(), ""), Run("schema"));
        Assert.Equal((ExitCode.Fine, ConfigReader.MarkdownReference(), ""), Run("schema", "--markdown"));
    }

    private (int Code, string Output, string Error) Run(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var command = new CommandTree((request, _, _) =>
        {
            _launched = request;
            return _launchCode;
        });
        int code = command.Run(args, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
