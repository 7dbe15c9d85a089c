using System.Net;
using System.Text;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>What becomes of requests while name servers are silent.</summary>
public sealed class FetchNamesTests : IDisposable
{
    private readonly SilentNames _names = new();
    private readonly Resolver _resolver;

    public FetchNamesTests() => _resolver = new Resolver { WaitingMax = 0, Find = _names.Find };

    public static TheoryData<string> Engines => LoopRig.Engines;

    public void Dispose() => _names.Dispose();

    [Theory, MemberData(nameof(Engines))]
    public void Beyond_the_names_that_may_be_looked_up_a_fetch_fails_at_once(string engine)
    {
        using var rig = new FetchRig(engine, resolver: _resolver);
        var port = new Uri(rig.Serve(exchange => exchange.Respond(200, "ok"))).Port;
        Fill();
        rig.Run(async () =>
        {
            using var refused = await rig.GetAsync($"http://name.example:{port}/");
            Assert.Equal(FetchError.LimitReached, refused.Error);
            // When one has ended another may be looked up.
            var first = _resolver.TryLookUp("n0")!;
            _names.Answer("name.example", IPAddress.Loopback);
            _names.Answer("n0", IPAddress.Loopback);
            await first;
            using var answer = await rig.GetAsync($"http://name.example:{port}/");
            Assert.Equal("ok", Encoding.ASCII.GetString((await answer.ReadAllAsync(100))!));
        });
        Assert.False(_names.WasOnPool);
    }

    [Theory, MemberData(nameof(Engines))]
    public void The_client_of_a_forward_proxy_is_told(string engine)
    {
        using var rig = new FetchRig(engine);
        var proxy = new ForwardProxyHandler(
            rig.Reactor, FetchRig.Settings, new EgressPolicy([], [80], [], []), new RequestEdits(), _resolver);
        var url = rig.Serve(proxy.HandleAsync);
        Fill();
        rig.Run(async () =>
        {
            var answer = await rig.AskAsync(
                url, "GET http://name.example/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 503 ", answer);
            Assert.EndsWith(": too many names are being looked up\n", answer);
        });
        Assert.False(_names.WasOnPool);
    }

    private void Fill()
    {
        for (var i = 0; i < Resolver.ThreadsMax; i++) Assert.NotNull(_resolver.TryLookUp($"n{i}"));
    }
}
