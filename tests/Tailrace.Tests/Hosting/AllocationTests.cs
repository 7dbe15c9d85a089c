using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Sessions;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Hosting;

/// <summary>In the steady state an exchange allocates nothing on its worker's thread, access log included.</summary>
/// <remarks>
/// Ten thousand exchanges in a row without one byte. The JIT's first code boxes awaiters, also on ways that are seldom
/// taken, and on a busy machine its optimized code comes late: so batches are repeated until it is there. The compiler's
/// own unoptimized code always allocates and is not judged by this.
/// </remarks>
public sealed class AllocationTests
{
    private const int Exchanges = 10_000;
    private const int Connections = 8;
    private const int PatienceSeconds = 60;

    private static readonly string s_body = new('b', 1000);

    private static readonly (string Path, string Request)[] s_paths =
    [
        ("proxied GET", "GET /fixed HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n"),
        ("proxied POST", $"POST /fixed HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{s_body}"),
        ("proxied POST in chunks",
            $"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n{s_body}\r\n0\r\n\r\n"),
        ("proxied chunks", "GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("proxied 100 KB", "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("fixed reply", "GET /own HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("handler in chunks", "GET /own-chunked HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("proxied with conditions, edits and a rewrite",
            "GET /api/fixed?v=2 HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nX-A: b\r\n\r\n"),
        ("split and mirrored", "GET /spread HTTP/1.1\r\nHost: a.example\r\nCookie: u=1\r\n\r\n"),
        ("with retries, hedging, a limit and a breaker", "GET /retried HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        ("sent again", "GET /again HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        ("redirect", "GET /moved/x?y HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        ("no route", "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"),
    ];

    public static TheoryData<EngineChoice, string, string> Paths
    {
        get
        {
            var data = new TheoryData<EngineChoice, string, string>();
            foreach (var engine in new[] { EngineChoice.Epoll, EngineChoice.IoUring })
            {
                foreach (var (path, request) in s_paths) data.Add(engine, path, request);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(Paths))]
    public void Nothing_is_allocated(EngineChoice engine, string path, string request)
    {
        using var log = new Log(LogLevel.Error, output: TextWriter.Null);
        using var origin = StartOrigin(log);
        var file = Path.GetTempFileName();
        using (var server = StartServer(engine, origin.Addresses[0], origin.Addresses[1], file, log))
        {
            using var clients = new Clients((IPEndPoint)server.Addresses[0], request);
            var watch = Stopwatch.StartNew();
            long allocated;
            do allocated = Measure(server, clients, Exchanges);
            while (allocated != 0 && IsOptimized && watch.Elapsed.TotalSeconds < PatienceSeconds);
            if (IsOptimized) Assert.True(allocated == 0, $"{path}: {(double)allocated / Exchanges} bytes per exchange");
        }
        File.Delete(file);
    }

    private static bool IsOptimized { get; } =
        typeof(Server).Assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };

    private static long Measure(Server server, Clients clients, int exchanges)
    {
        var before = AllocatedBy(server);
        clients.Exchange(exchanges);
        return AllocatedBy(server) - before;
    }

    private static long AllocatedBy(Server server)
    {
        using var done = new ManualResetEventSlim();
        var bytes = 0L;
        server.Workers[0].Reactor.Loop.Post(() =>
        {
            bytes = GC.GetAllocatedBytesForCurrentThread();
            done.Set();
        });
        Assert.True(done.Wait(30_000), "the worker does not answer");
        return bytes;
    }

    private static Server StartOrigin(Log log)
    {
        var large = new byte[100_000 / 10];
        var origin = new Server(new TailraceOptions
        {
            Workers = 1,
            Listeners = [new ListenerOptions { Address = "127.0.0.1:0" }, new ListenerOptions { Address = "127.0.0.1:0" }],
            Routes = [new RouteOptions { Respond = new RespondOptions { Body = "hello" } }],
        }, log);
        var buffer = new byte[4096];
        origin.Map("/retried", exchange => exchange.Respond(200, "text/plain", "fine"u8));
        var asked = 0;
        origin.Map("/again", exchange => exchange.Respond(asked++ % 2 == 0 ? 503 : 200, "text/plain", "again"u8));
        origin.Map("/chunked", WriteChunksAsync);
        origin.Map("/read", async exchange =>
        {
            while (await exchange.ReadAsync(buffer) is { IsError: false, Bytes: > 0 })
            {
            }
            await exchange.Respond(200, "text/plain", "read"u8);
        });
        origin.Map("/large", async exchange =>
        {
            exchange.Begin(200, large.Length * 10);
            for (var i = 0; i < 10; i++) await exchange.WriteAsync(large);
            exchange.End();
        });
        origin.Start();
        return origin;
    }

    private static Server StartServer(EngineChoice engine, EndPoint origin, EndPoint other, string accessLog, Log log)
    {
        var server = new Server(new TailraceOptions
        {
            Workers = 1,
            Engine = engine,
            AccessLog = new AccessLogOptions { Format = AccessLogFormat.Common, Path = accessLog },
            Listeners = [new ListenerOptions { Address = "127.0.0.1:0" }],
            Routes =
            [
                Route("/fixed"), Route("/chunked"), Route("/large"), Route("/read"),
                Route("/retried", "resilient"), Route("/again", "resilient"),
                new() { Match = new MatchOptions { Path = "/own" }, Respond = new RespondOptions { Body = "own" } },
                new()
                {
                    Match = new MatchOptions { PathPrefix = "/spread" },
                    Split = new SplitOptions { To = [new() { Cluster = "origin" }], By = SplitKey.Cookie, Name = "u" },
                    Mirror = new MirrorOptions { Cluster = "origin" },
                },
                new()
                {
                    Match = new MatchOptions { PathPrefix = "/moved" },
                    Redirect = new RedirectOptions { Scheme = RedirectScheme.Https },
                    Rewrite = new RewriteOptions { StripPrefix = "/moved" },
                },
                new()
                {
                    Match = new MatchOptions
                    {
                        PathPrefix = "/api",
                        Method = ["GET"],
                        Header = [new() { Name = "X-A", Value = "b" }],
                        Query = [new() { Name = "v", Value = "2" }],
                        Source = ["127.0.0.0/8"],
                    },
                    Rewrite = new RewriteOptions { StripPrefix = "/api" },
                    RequestHeaders = new HeaderEditOptions { Set = [new("X-Client", "${client_ip}")], Remove = ["X-A"] },
                    ResponseHeaders = new HeaderEditOptions { Add = [new("X-By", "${upstream}")] },
                    Cluster = "origin",
                },
            ],
            Clusters = new Dictionary<string, ClusterOptions>
            {
                ["origin"] = new() { Destinations = [new() { Address = $"http://{origin}" }] },
                ["resilient"] = new()
                {
                    Destinations = [$"http://{origin}", $"http://{other}"],
                    Retry = new RetryOptions(),
                    RetryBudget = new RetryBudgetOptions { Percent = 100 },
                    Hedge = new HedgeOptions { DelayMin = TimeSpan.FromSeconds(10) },
                    Adaptive = new AdaptiveOptions(),
                    Breaker = new BreakerOptions { ErrorRate = 0, Failures = 1000 },
                    Health = new HealthOptions { Eject = new EjectOptions { Failures = 0 } },
                },
            },
        }, log);
        server.Map("/own-chunked", WriteChunksAsync);
        server.Start();
        return server;

        static RouteOptions Route(string path, string cluster = "origin") =>
            new() { Match = new MatchOptions { Path = path }, Cluster = cluster };
    }

    private static async LoopTask WriteChunksAsync(Exchange exchange)
    {
        exchange.Begin(200);
        exchange.Header("Content-Type"u8, "text/plain"u8);
        await exchange.WriteAsync("one piece"u8);
        await exchange.FlushAsync();
        await exchange.WriteAsync("another"u8);
        exchange.End("the last"u8);
    }

    /// <summary>Several kept connections that ask the same again and again.</summary>
    private sealed class Clients : IDisposable
    {
        private readonly Socket[] _sockets = new Socket[Connections];
        private readonly byte[] _buffer = new byte[128 * 1024];
        private readonly byte[] _request;

        internal Clients(IPEndPoint address, string request)
        {
            _request = Encoding.ASCII.GetBytes(request);
            for (var i = 0; i < Connections; i++)
            {
                _sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
                {
                    NoDelay = true,
                    ReceiveTimeout = 30_000,
                };
                _sockets[i].Connect(address);
            }
        }

        internal void Exchange(int count)
        {
            for (var i = 0; i < count; i += Connections)
            {
                foreach (var socket in _sockets) socket.Send(_request);
                foreach (var socket in _sockets) ReadAnswer(socket);
            }
        }

        public void Dispose()
        {
            foreach (var socket in _sockets) socket.Dispose();
        }

        private void ReadAnswer(Socket socket)
        {
            for (var length = 0; !IsWhole(_buffer.AsSpan(0, length));)
            {
                var received = socket.Receive(_buffer.AsSpan(length));
                Assert.True(received > 0, "the connection has ended");
                length += received;
            }
        }

        private static bool IsWhole(ReadOnlySpan<byte> answer)
        {
            var head = answer.IndexOf("\r\n\r\n"u8) + 4;
            if (head < 4) return false;
            if (answer[..head].IndexOf("Transfer-Encoding: chunked"u8) >= 0) return answer.EndsWith("\r\n0\r\n\r\n"u8);
            var field = answer[(answer.IndexOf("Content-Length: "u8) + "Content-Length: ".Length)..];
            return answer.Length == head + int.Parse(field[..field.IndexOf((byte)'\r')]);
        }
    }
}
