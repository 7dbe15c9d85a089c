using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Each way to choose a destination, seen from outside.</summary>
public sealed class PolicyTests
{
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Many_destinations_get_their_turn(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        // Every address of 127.0.0.0/8 is this machine's own; only the last two are listened on.
        var port = Silence.UnusedPort();
        for (var i = 0; i < 100; i++) scenario.AddDestination($"http://127.9.9.{i + 1}:{port}");
        scenario.AddOrigin(Reply.Of("a"));
        scenario.AddOrigin(Reply.Of("b"));
        var answers = string.Concat(Enumerable.Range(0, 10).Select(_ => scenario.Exchange(Reply.Get()).Text));
        Assert.Equal("ab", string.Concat(answers.Distinct().Order()));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void The_least_busy_gets_it(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Balance = BalancePolicy.LeastRequests };
        using var go = new ManualResetEventSlim();
        var slow = scenario.AddOrigin(_ =>
        {
            go.Wait(30_000);
            return Reply.Of("slow");
        }, weight: 2);
        scenario.AddOrigin(_ => Reply.Of("quick"));
        using var first = scenario.Connect();
        first.Send(Reply.Get());
        Wait.Until(() => slow.Requests.Count == 1, "the request has not arrived");
        for (var i = 0; i < 6; i++) Assert.Equal("quick", scenario.Exchange(Reply.Get()).Text);
        go.Set();
        Assert.Equal("slow", first.ReadAnswer().Text);
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_path_stays_with_its_origin_on_every_worker(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 2 };
        scenario.Cluster = scenario.Cluster with
        {
            Balance = BalancePolicy.Hash,
            Hash = new HashOptions { Key = HashKey.Path },
        };
        for (var i = 0; i < 4; i++)
        {
            var name = $"{i}";
            scenario.AddOrigin(_ => Reply.Of(name));
        }
        // Whose a path is depends on the origins' ports: so many that none is left out by chance.
        var homes = Enumerable.Range(0, 80).Select(AskTwice).ToArray();
        Assert.Equal(4, homes.Distinct().Count());

        string AskTwice(int path)
        {
            var home = scenario.Exchange(Reply.Get($"/item/{path}?a")).Text;
            for (var i = 0; i < 3; i++) Assert.Equal(home, scenario.Exchange(Reply.Get($"/item/{path}?b")).Text);
            return home;
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_header_or_a_cookie_or_the_client_decides(EngineChoice engine)
    {
        Check(new HashOptions { Key = HashKey.Header, Name = "X-User" }, user => $"x-user: {user}\r\n", isSpread: true);
        Check(new HashOptions { Key = HashKey.Cookie, Name = "user" }, user => $"Cookie: a=b; user={user}\r\n", isSpread: true);
        Check(new HashOptions { Key = HashKey.Header, Name = "X-User" }, _ => "", isSpread: false);
        Check(new HashOptions(), user => $"x-user: {user}\r\n", isSpread: false);

        void Check(HashOptions hash, Func<int, string> fields, bool isSpread) => Scenario.Run(engine, scenario =>
        {
            scenario.Cluster = scenario.Cluster with { Balance = BalancePolicy.Hash, Hash = hash };
            scenario.AddOrigin(_ => Reply.Of("a"));
            scenario.AddOrigin(_ => Reply.Of("b"));
            var homes = new HashSet<string>();
            // As many as it takes for both to be somebody's home, whatever their ports.
            for (var user = 0; user < 40; user++)
            {
                var request = $"GET / HTTP/1.1\r\nHost: a\r\n{fields(user)}\r\n";
                var home = scenario.Exchange(request).Text;
                Assert.Equal(home, scenario.Exchange(request).Text);
                homes.Add(home);
            }
            Assert.Equal(isSpread ? 2 : 1, homes.Count);
        });
    }

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_cookie_keeps_a_client_where_it_was(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Sticky = new StickyOptions { MaxAge = TimeSpan.FromHours(1) } };
        for (var i = 0; i < 3; i++)
        {
            var name = $"{i}";
            scenario.AddOrigin(_ => Reply.Of(name));
        }
        for (var i = 0; i < 6; i++)
        {
            var first = scenario.Exchange(Reply.Get());
            var cookie = first.Field("Set-Cookie")!;
            Assert.Matches("^tailrace=[0-9a-f]{16}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax$", cookie);
            var request = $"GET / HTTP/1.1\r\nHost: a\r\nCookie: x=y; {cookie.Split(';')[0]}\r\n\r\n";
            for (var j = 0; j < 4; j++)
            {
                var again = scenario.Exchange(request);
                Assert.Equal(first.Text, again.Text);
                Assert.Null(again.Field("Set-Cookie"));
            }
        }
        var stranger = scenario.Exchange("GET / HTTP/1.1\r\nHost: a\r\nCookie: tailrace=0123456789abcdef\r\n\r\n");
        Assert.NotNull(stranger.Field("Set-Cookie"));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_whose_origin_is_gone_gets_another_cookie(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Cluster = scenario.Cluster with { Sticky = new StickyOptions { Cookie = "home", Secure = true } };
        var port = Silence.UnusedPort();
        scenario.AddDestination($"http://127.0.0.1:{port}");
        scenario.AddOrigin(_ => Reply.Of("b"));
        var own = scenario.Exchange(Reply.Get()).Field("Set-Cookie")!;
        Assert.EndsWith("; Secure", own);
        var other = own.Split(';')[0][..^16] + "0000000000000000";
        var answer = scenario.Exchange($"GET / HTTP/1.1\r\nHost: a\r\nCookie: {other}\r\n\r\n");
        Assert.Equal(("b", own), (answer.Text, answer.Field("Set-Cookie")));
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_backup_has_what_the_others_cannot(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddDestination($"http://127.0.0.1:{Silence.UnusedPort()}");
        var backup = scenario.AddOrigin(_ => Reply.Of("backup"), priority: 1);
        var last = scenario.AddOrigin(_ => Reply.Of("last"), priority: 2);
        for (var i = 0; i < 4; i++) Assert.Equal("backup", scenario.Exchange(Reply.Get()).Text);
        Assert.Equal((4, 0), (backup.Requests.Count, last.Requests.Count));
    });
}
