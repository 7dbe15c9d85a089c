using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using Tailrace.Config;
using Tailrace.Conformance.Support;
using Tailrace.Sessions;

namespace Tailrace.Conformance.Serving;

/// <summary>Usual requests are served from within the wait for them, and all others by the method that waits.</summary>
/// <remarks>Answers are alike on both ways; which of them it was, a handler sees from who has called it.</remarks>
public sealed class UsualWayTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Whole_requests_take_it_and_pipelined_ones_the_other(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        var ways = new ConcurrentQueue<bool>();
        scenario.Map = server => server.Map("/", exchange =>
        {
            ways.Enqueue(IsUsual());
            return exchange.Respond(200, "ok");
        });
        using var client = scenario.Connect();
        for (var i = 0; i < 4; i++)
        {
            client.Send(Reply.Get());
            Assert.Equal("ok", client.ReadAnswer().Text);
        }
        // The first one may be there already when its connection is accepted.
        Assert.Equal([true, true, true], ways.Skip(1));
        // The second of two finds the first one's answer in its way, and whoever comes next has the usual way again.
        client.Send(Reply.Get() + Reply.Get());
        for (var i = 0; i < 2; i++) Assert.Equal("ok", client.ReadAnswer().Text);
        client.Send(Reply.Get());
        Assert.Equal("ok", client.ReadAnswer().Text);
        Assert.Equal([true, false, true], ways.Skip(4));
    });

    private static bool IsUsual()
    {
        var callers = new StackTrace().GetFrames().Select(frame => frame.GetMethod()).OfType<MethodBase>();
        var session = callers.Where(method => IsOf(method.DeclaringType, typeof(H1Server))).ToList();
        return session.Exists(method => method.Name == nameof(H1Server.Resume))
            && !session.Exists(method => method.Name == "MoveNext");
    }

    /// <summary>Whether a type is another one, or one that the compiler has made of its async methods.</summary>
    private static bool IsOf(Type? type, Type wanted) => type == wanted || type?.DeclaringType == wanted;
}
