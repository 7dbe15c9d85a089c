using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Serving;

/// <summary>How many workers there are, and on which processors.</summary>
public sealed class WorkerTests
{
    [Fact]
    public void By_itself_it_takes_no_more_workers_than_its_quota_is_worth()
    {
        // How the runtime is told of a quota where control groups do not tell it.
        using var server = new ChildServer("echo --listen 127.0.0.1:0", "export DOTNET_PROCESSOR_COUNT=1");
        Assert.Contains(" workers=1 ", Assert.Single(server.Log.With("started ")));
    }
}
