using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>What one reactor remembers of origins.</summary>
public sealed class FetchOriginsTests
{
    [Fact]
    public void Equal_origins_are_one()
    {
        using var rig = new LoopRig("portable");
        var origins = OriginsOf(rig);
        Assert.Same(origins.Of(Url("http://a/x")), origins.Of(Url("http://A:80/y")));
        Assert.NotSame(origins.Of(Url("http://a/")), origins.Of(Url("http://a:81/")));
    }

    [Fact]
    public void The_number_is_bounded_and_the_oldest_goes()
    {
        using var rig = new LoopRig("portable");
        var origins = OriginsOf(rig);
        var first = origins.Of(Url("http://h0/"));
        first.UsedAt--;
        for (var i = 1; i < FetchOrigins.CountMax; i++) origins.Of(Url($"http://h{i}/"));
        Assert.Equal(FetchOrigins.CountMax, origins.Count);
        var kept = origins.Of(Url("http://h1/"));
        origins.Of(Url("http://one-more/"));
        Assert.Equal(FetchOrigins.CountMax, origins.Count);
        Assert.Same(kept, origins.Of(Url("http://h1/")));
        Assert.NotSame(first, origins.Of(Url("http://h0/")));
    }

    private static FetchOrigins OriginsOf(LoopRig rig) =>
        new(rig.Reactor, FetchRig.Settings, policy: null, new RequestEdits(), new Resolver());

    private static FetchUrl Url(string text) =>
        FetchUrl.TryParse(text, out var url) ? url : throw new ArgumentException(text);
}
