using System.Runtime.InteropServices;
using Tailrace.Conformance.Support;
using Tailrace.Io;
using Tailrace.Native;

namespace Tailrace.Conformance.Serving;

/// <summary>How many workers there are, and on which processors.</summary>
public sealed class WorkerTests
{
    private static readonly uint s_setAffinity =
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 122u : 203u;

    [Fact]
    public void By_itself_it_takes_no_more_workers_than_its_quota_is_worth()
    {
        // How the runtime is told of a quota where control groups do not tell it. With one processor the unit test shows it.
        using var server = new ChildServer("echo --listen 127.0.0.1:0", "export DOTNET_PROCESSOR_COUNT=1");
        Assert.Contains(" workers=1 ", Assert.Single(server.Log.With("started ")));
    }

    [Fact]
    public void Pinned_each_worker_has_the_processor_that_is_its_turn()
    {
        var processors = Loops.Processors();
        using var server = new ChildServer($"echo --listen 127.0.0.1:0 --pin --workers {processors.Count}", "true");
        Assert.Contains(" pinned=true ", Assert.Single(server.Log.With("started ")));
        Assert.Equal(processors.Select(processor => $"{processor}"), server.ProcessorsOfWorkers);
        Assert.Empty(server.Log.With("pinned workers share processors"));
    }

    [Fact]
    public void Workers_that_the_system_does_not_pin_are_said_not_to_be()
    {
        // The runtime, which does not start without this call, hands over a smaller mask.
        using var server = new ChildServer(
            "echo --listen 127.0.0.1:0 --pin --workers 2", "true",
            () => Seccomp.DenyCall(s_setAffinity, argument: 1, value: Affinity.MaskBytes));
        Assert.Contains(" pinned=false ", Assert.Single(server.Log.With("started ")));
        var warning = Assert.Single(server.Log.With("workers are not pinned"));
        Assert.Contains("workers=\"0, 1\"", warning);
        Assert.Contains("sched_setaffinity: errno 1, Operation not permitted", warning);
        Assert.Equal(2, server.ProcessorsOfWorkers.Count);
    }

    [Fact]
    public void Pinned_workers_that_share_a_processor_are_warned_of()
    {
        var processors = Loops.Processors().Count;
        using var server = new ChildServer($"echo --listen 127.0.0.1:0 --pin --workers {processors + 1}", "true");
        Assert.Contains(
            $"workers={processors + 1} processors={processors}",
            Assert.Single(server.Log.With("pinned workers share processors")));
        Assert.Contains(" pinned=true ", Assert.Single(server.Log.With("started ")));
    }
}
