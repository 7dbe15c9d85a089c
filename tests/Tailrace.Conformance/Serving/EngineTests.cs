using System.Runtime.InteropServices;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>
/// Systems that refuse io_uring, whole or in part: a clear line, and a server that works, or a clear error.
/// </summary>
public sealed class EngineTests
{
    private const uint Setup = 425;
    private const uint Enter = 426;
    private const uint Register = 427;
    private const uint Invalid = 22;
    private const uint NoSystemCall = 38;
    private const uint TooManyInSystem = 23;
    private const uint TooMany = 24;
    private const uint InternetFamily = 2;

    private static readonly bool s_isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly uint s_socket = s_isArm ? 198u : 41u;
    private static readonly uint s_socketPair = s_isArm ? 199u : 53u;
    private static readonly uint s_eventFd = s_isArm ? 19u : 290u;

    // The first argument of io_uring_setup is the size of the ring.
    private static readonly Dictionary<string, (Action Confine, string Limits, string Refusal)> s_systems = new()
    {
        ["no setup"] = (() => Seccomp.DenyCall(Setup), "true", "io_uring_setup: EPERM"),
        ["a kernel without io_uring"] = (
            () => Seccomp.DenyCall(Setup, NoSystemCall), "true", "io_uring_setup: ENOSYS, the kernel has no io_uring"),
        ["a kernel before 6.1"] =
            (() => Seccomp.DenyCall(Setup, Invalid), "true", "io_uring_setup: EINVAL, needs Linux 6.1"),
        ["no register"] = (() => Seccomp.DenyCall(Register), "true", "io_uring_register(PBUF_RING): EPERM"),
        ["no enter"] = (() => Seccomp.DenyCall(Enter), "true", "io_uring_enter: EPERM"),
        ["only small rings"] =
            (() => Seccomp.DenyCall(Setup, argument: 0, value: 256), "true", "io_uring_setup: EPERM"),
        ["64 KB of locked memory"] = (Seccomp.DropLockedMemoryPrivilege, "ulimit -l 64", "io_uring_setup: ENOMEM"),
    };

    public static TheoryData<string> Systems => [.. s_systems.Keys];

    [Theory, MemberData(nameof(Systems))]
    public void By_itself_it_takes_epoll_and_says_why(string system)
    {
        var (confine, limits, refusal) = s_systems[system];
        using var server = new ChildServer("echo --listen 127.0.0.1:0 --workers 2", limits, confine);
        Assert.True(server.IsRunning, server.Log.ToString());
        var started = Assert.Single(server.Log.With("started "));
        Assert.Contains("engine=epoll", started);
        Assert.Contains($"io_uring: off ({refusal}", started);
        Assert.Contains("epoll in use", started);
        using var client = Wire.Connect(server.Address);
        client.Send(Reply.Get());
        Assert.Equal(200, client.ReadAnswer().Status);
    }

    [Theory, MemberData(nameof(Systems))]
    public void Asked_for_it_fails_and_says_what_to_change(string system)
    {
        var (confine, limits, refusal) = s_systems[system];
        using var server = new ChildServer("echo --listen 127.0.0.1:0 --workers 2 --engine io_uring", limits, confine);
        Assert.False(server.IsRunning);
        Assert.NotEqual(0, server.ExitCode);
        var error = Assert.Single(server.Log.With("tailrace: "));
        Assert.Contains($"engine io_uring cannot run: {refusal}", error);
        Assert.Contains("use engine 'auto' or 'epoll'", error);
    }

    [Theory, InlineData(1), InlineData(2)]
    public void What_it_cannot_do_any_more_ends_it_in_order_where_it_was_asked_for(int workers)
    {
        using var server = LetDown($"--workers {workers} --engine io_uring", isAlone: workers == 1);
        Wait.Until(() => !server.IsRunning, "it does not end");
        Assert.Equal(1, server.ExitCode);
        var failures = server.Log.With("cannot go on");
        Assert.InRange(failures.Count(), 1, workers);
        Assert.All(failures, failure => Assert.Contains("io_uring_enter: EBADR", failure));
        Assert.Empty(server.Log.With("nhandled exception"));
    }

    [Theory, InlineData(1), InlineData(2)]
    public void By_itself_it_goes_on_with_epoll_where_io_uring_has_failed(int workers)
    {
        using var server = LetDown($"--workers {workers}", isAlone: workers == 1);
        Wait.Until(() => server.Log.With("engine=epoll").Any(), "it does not go on");
        Assert.Single(server.Log.With("io_uring has failed, going on with epoll"));
        Assert.Contains(
            "io_uring: off (io_uring_enter: EBADR", Assert.Single(server.Log.With("engine=epoll")));
        using var client = Wire.Connect(server.Address);
        client.Send(Reply.Get());
        Assert.Equal(200, client.ReadAnswer().Status);
        server.Signal("TERM");
        Wait.Until(() => !server.IsRunning, "it does not end");
        Assert.Equal(0, server.ExitCode);
        Assert.Empty(server.Log.With("nhandled exception"));
    }

    /// <summary>A server whose ring takes no more than five submissions at once, and has had six.</summary>
    private static ChildServer LetDown(string options, bool isAlone)
    {
        const uint lost = 53;
        // No start has as many.
        var server = new ChildServer(
            $"echo --listen 127.0.0.1:0 {options}", "true",
            () => Seccomp.DenyCallFrom(Enter, argument: 1, value: 6, lost));
        using var early = Wire.Connect(server.Address);
        early.Send(Reply.Get());
        Assert.Equal(200, early.ReadAnswer().Status);
        // Each is armed for its receive in the turn that accepts it.
        server.Signal("STOP");
        var clients = Enumerable.Range(0, 40).Select(_ => Wire.Connect(server.Address)).ToArray();
        foreach (var client in clients) client.Send("GET");
        server.Signal("CONT");
        // Of two, the other one may be the one that fails.
        if (isAlone) early.ExpectReset();
        foreach (var client in clients) client.Dispose();
        return server;
    }

    [Fact]
    public void That_it_is_refused_after_a_trial_that_went_well_is_warned_of()
    {
        var (confine, limits, refusal) = s_systems["only small rings"];
        using var server = new ChildServer("echo --listen 127.0.0.1:0 --workers 2", limits, confine);
        var warning = Assert.Single(server.Log.With("io_uring was allowed at the trial and is refused to the workers"));
        Assert.Contains(" warn ", warning);
        Assert.Contains($"because=\"{refusal}", warning);
    }

    [Theory]
    [InlineData("--engine io_uring")]
    [InlineData("")]
    public void A_trial_that_finds_no_descriptor_names_their_limit_and_not_the_engine(string options)
    {
        foreach (var call in (uint[])[Setup, s_socketPair])
        {
            using var server = new ChildServer(
                $"echo --listen 127.0.0.1:0 {options}", "true", () => Seccomp.DenyCall(call, TooMany));
            Assert.False(server.IsRunning, server.Log.ToString());
            Assert.Equal(1, server.ExitCode);
            var error = Assert.Single(server.Log.With("tailrace: "));
            Assert.Contains("raise the limit ('ulimit -n'", error);
            Assert.DoesNotContain("seccomp", error);
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_limit_is_named_that_was_met(EngineChoice engine)
    {
        Refuse(TooMany, "no file descriptor is left for connections of the ", "'ulimit -n'");
        Refuse(TooManyInSystem, "the whole system has no file left", "'sysctl fs.file-max'");

        void Refuse(uint errno, string whose, string advice)
        {
            using var server = new ChildServer(
                $"echo --listen 127.0.0.1:0 --engine {ChildServer.NameOf(engine)}", "true", () =>
                {
                    Seccomp.DenyCall(s_socket, argument: 0, value: InternetFamily, errno);
                    // The framework does not tell: the loop asks the system again.
                    if (engine == EngineChoice.Portable) Seccomp.DenyCall(s_eventFd, errno);
                });
            Assert.False(server.IsRunning, server.Log.ToString());
            Assert.Equal(1, server.ExitCode);
            var error = Assert.Single(server.Log.With("tailrace: "));
            Assert.Contains(whose, error);
            Assert.Contains(advice, error);
        }
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Without_descriptors_it_names_their_limit_and_not_the_engine(EngineChoice engine) =>
        Starve($"--engine {ChildServer.NameOf(engine)}");

    [Fact]
    public void Without_descriptors_no_other_engine_is_tried() => Starve("");

    // More workers than descriptors.
    private static void Starve(string options)
    {
        using var server = new ChildServer($"echo --listen 127.0.0.1:0 --workers 200 {options}", descriptors: 256);
        Assert.False(server.IsRunning);
        Assert.Equal(1, server.ExitCode);
        var error = Assert.Single(server.Log.With("tailrace: "));
        Assert.Contains("no file descriptor is left for connections of the 256 that are allowed, the last 64 of "
            + "which are kept for files and logs; raise the limit ('ulimit -n'", error);
        Assert.DoesNotContain("cannot run", error);
        Assert.Empty(server.Log.With("io_uring was allowed"));
    }

    [Theory]
    [InlineData("", "io_uring works here, and took less processor time for a request than epoll (bench/results/")]
    [InlineData("--engine io_uring", "as configured")]
    public void Where_it_may_be_used_it_is_and_that_is_said_too(string options, string reason)
    {
        using var server = new ChildServer($"echo --listen 127.0.0.1:0 {options}", "true");
        var started = Assert.Single(server.Log.With("started "));
        Assert.Contains("engine=io_uring", started);
        Assert.Contains($"because=\"{reason}", started);
    }
}
