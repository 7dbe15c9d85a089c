using System.Net;
using System.Net.Sockets;
using Tailrace.Cli.Bench;
using Tailrace.Cli.Commands;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Sessions;

namespace Tailrace.Tests.Cli;

/// <summary><c>tailrace bench</c>: what it counts of a server, and of one that is not there.</summary>
public sealed class BenchTests
{
    public static TheoryData<EngineChoice> Engines => [EngineChoice.Epoll, EngineChoice.IoUring, EngineChoice.Portable];

    [Theory, MemberData(nameof(Engines))]
    public void Whole_answers_are_counted(EngineChoice engine)
    {
        using var server = Serve(exchange => exchange.Respond(200, new string('x', 10_000)), out var url);
        var result = Load(url, engine, result => result.Latencies.Count >= 8);
        Assert.True(result.IsClean);
        Assert.Equal(result.Statuses[2], result.Latencies.Count);
        Assert.Equal(result.Latencies.Count * 10_000, result.BodyBytes);
        Assert.InRange(server.Statistics.Sum(worker => worker.Accepted), 1, long.MaxValue);
    }

    [Fact]
    public void Errors_and_refusals_are_told()
    {
        using var server = Serve(exchange => exchange.Respond(503, "no\n"), out var url);
        (int code, string output) = Run(url);
        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains(" of 5xx\n", output);

        // Bound, so that nobody else gets the port, and not listening.
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(ExitCode.Failed, Fail($"http://{nobody.LocalEndPoint}/", "connection refused"));
    }

    [Fact]
    public void A_name_that_is_not_found_ends_it() =>
        Assert.Equal(ExitCode.Failed, Fail("http://none.invalid/", "the host name is not found"));

    [Fact]
    public void What_warms_it_up_does_not_count()
    {
        using var server = Serve(exchange => exchange.Respond(200, "yes\n"), out var url);
        var result = Load(url, EngineChoice.Portable, _ => true, warmUpMs: 1000);
        Assert.InRange(result.WarmUpAnswers, 1, long.MaxValue);
        Assert.Equal(server.Statistics[0].Requests, result.WarmUpAnswers + result.Latencies.Count);
    }

    [Fact]
    public void What_is_never_answered_is_late()
    {
        using var server = Serve(async _ => await Task.Delay(Timeout.Infinite), out var url);
        var result = Load(url, EngineChoice.Portable, result => result.Unanswered == 8);
        Assert.Equal(0, result.Latencies.Count);
        Assert.False(result.IsClean);
    }

    [Fact]
    public void Percentiles_are_exact_to_the_step()
    {
        var random = new Random(1);
        var latencies = new Latencies();
        var (first, second) = (new Latencies(), new Latencies());
        var all = new List<long>();
        for (var i = 0; i < 20_000; i++)
        {
            var value = (long)Math.Pow(10, random.NextDouble() * 9);
            all.Add(value);
            (i % 2 == 0 ? first : second).Record(value);
        }
        latencies.Add(first);
        latencies.Add(second);
        all.Sort();
        foreach (var percent in new[] { 0.1, 1, 50, 90, 99, 99.9, 100 })
        {
            var exact = all[(int)Math.Ceiling(all.Count * percent / 100) - 1];
            Assert.InRange(latencies.Percentile(percent), exact, exact + exact / 64 + 1);
        }
        Assert.Equal((all.Count, all[^1], all.Sum() / all.Count), (latencies.Count, latencies.Max, latencies.Mean));
        Assert.Equal(0, new Latencies().Percentile(50));
    }

    /// <summary>Loads a server for a moment, and for longer ones until that was enough: the machine may be busy.</summary>
    private static LoadResult Load(string url, EngineChoice engine, Func<LoadResult, bool> isEnough, int warmUpMs = 0)
    {
        for (var ms = 50; ; ms *= 2)
        {
            var result = LoadRun.Do(new LoadPlan
            {
                Url = url,
                Connections = 8,
                Workers = 2,
                WarmUp = TimeSpan.FromMilliseconds(warmUpMs),
                Duration = TimeSpan.FromMilliseconds(ms),
                Engine = engine,
            });
            if (isEnough(result)) return result;
            Assert.True(ms < 30_000, "it comes to nothing");
        }
    }

    private static Server Serve(HandlerDelegate handle, out string url)
    {
        var server = new Server(new TailraceOptions
        {
            Workers = 1,
            Listeners = [new ListenerOptions { Address = "127.0.0.1:0" }],
        });
        server.Map("/", handle).Start();
        url = $"http://{server.Addresses[0]}/";
        return server;
    }

    private static int Fail(string url, string reason)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = Tree().Run(["bench", url, "-c", "2", "-s", "60"], output, error);
        Assert.Equal($"GET {url}, 2 connections, 60 s\n", output.ToString());
        Assert.Equal($"tailrace: {url}: {reason}\n", error.ToString());
        return code;
    }

    private static CommandTree Tree() => new((_, _, _) => throw new InvalidOperationException("nothing to launch"));

    private static (int Code, string Output) Run(string url)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = Tree().Run(["bench", url, "-c", "2", "-s", "1"], output, error);
        Assert.Equal("", error.ToString());
        return (code, output.ToString());
    }
}
