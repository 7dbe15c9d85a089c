using System.Net;
using Tailrace.Proxy;
using Tailrace.Proxy.Balancing;
using Tailrace.Tests.Io;
using Tailrace.Tests.Proxy.Balancing;

namespace Tailrace.Tests.Proxy;

/// <summary>Which destinations of a cluster are asked, by priority and health.</summary>
public sealed class ClusterTests : IDisposable
{
    private readonly LoopRig _rig = new("sim");

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void The_first_rank_gets_all_while_it_is_healthy() =>
        Assert.Equal("abababab", Turns(Make(panic: 0, 0, 0, 1, 1), 8));

    [Fact]
    public void What_the_first_rank_cannot_take_the_next_has()
    {
        var cluster = Make(panic: 0, 0, 0, 1);
        Assert.Equal("ccc", Turns(cluster, 3, 0, 1));
        Assert.Null(cluster.Pick(0, Picks.Tried(0, 1, 2)));
    }

    [Fact]
    public void The_backup_gets_all_when_nobody_before_it_is_healthy()
    {
        var cluster = Make(panic: 0, 0, 0, 1, 1);
        cluster.SetHealth(0, false);
        Assert.Equal("bbbb", Turns(cluster, 4));
        cluster.SetHealth(1, false);
        Assert.Equal("cdcd", Turns(cluster, 4));
        cluster.SetHealth(0, true);
        Assert.Equal("aaaa", Turns(cluster, 4));
    }

    [Fact]
    public void What_is_heard_of_one_that_has_gone_is_not_taken_for_its_successor()
    {
        var cluster = Make(panic: 0, 0, 0);
        cluster.SetHealth(0, "gone:80", false);
        Assert.Equal("abab", Turns(cluster, 4));
        cluster.SetHealth(0, "a", false);
        Assert.Equal("bbbb", Turns(cluster, 4));
    }

    [Fact]
    public void Priorities_may_have_gaps_and_any_order() =>
        Assert.Equal("bbbb", Turns(Make(panic: 0, 7, 2, 7, 15), 4));

    [Fact]
    public void When_nobody_is_healthy_health_is_disregarded()
    {
        var cluster = Make(panic: 0, 0, 0, 1);
        for (var i = 0; i < 3; i++) cluster.SetHealth(i, false);
        Assert.Equal("abab", Turns(cluster, 4));
        // The backup is no better: it is not asked beside them.
        Assert.Null(cluster.Pick(0, Picks.Tried(0, 1)));
    }

    [Fact]
    public void Below_the_threshold_all_of_the_rank_get_their_share()
    {
        var cluster = Make(panic: 50, 0, 0, 0, 0);
        cluster.SetHealth(0, false);
        cluster.SetHealth(1, false);
        Assert.Equal("cdcd", Turns(cluster, 4));
        cluster.SetHealth(2, false);
        Assert.Equal("abcd", string.Concat(Turns(cluster, 4).Order()));
        cluster.SetHealth(2, true);
        Assert.Equal("cdcd", Turns(cluster, 4));
    }

    [Fact]
    public void A_sound_backup_comes_before_a_panic()
    {
        var cluster = Make(panic: 50, 0, 0, 0, 1);
        cluster.SetHealth(0, false);
        cluster.SetHealth(1, false);
        Assert.Equal("dddd", Turns(cluster, 4));
        // What is left of the first rank has what the backup cannot take.
        Assert.Equal("c", Turns(cluster, 1, 3));
        cluster.SetHealth(3, false);
        Assert.Equal("abc", string.Concat(Turns(cluster, 3).Order()));
    }

    [Fact]
    public void A_slow_start_begins_at_a_tenth_and_ends_at_the_whole()
    {
        var settings = new BalancingSettings { SlowStartMs = 10_000 };
        var cluster = Make(settings, 0, 0);
        cluster.SetHealth(0, false);
        cluster.SetHealth(0, true);
        Assert.InRange(Turns(cluster, 110).Count(turn => turn == 'a'), 10, 11);
        Advance(5_000);
        Assert.InRange(Turns(cluster, 150).Count(turn => turn == 'a'), 45, 55);
        Advance(6_000);
        Assert.Equal(50, Turns(cluster, 100).Count(turn => turn == 'a'));
        Assert.Equal(0, _rig.Loop.Timers.Count);
    }

    [Fact]
    public void A_slow_start_that_fails_again_begins_anew()
    {
        var cluster = Make(new BalancingSettings { SlowStartMs = 10_000 }, 0, 0);
        cluster.SetHealth(0, false);
        cluster.SetHealth(0, true);
        Advance(9_000);
        cluster.SetHealth(0, false);
        cluster.SetHealth(0, true);
        Assert.InRange(Turns(cluster, 110).Count(turn => turn == 'a'), 10, 11);
        cluster.Drain();
    }

    [Fact]
    public void Places_of_a_service_come_and_go_beside_the_others()
    {
        var cluster = Make(panic: 0, 0);
        cluster.SetPlaces(1, [Place(2, "x"), Place(3, "y"), Place(4, "z", priority: 1)]);
        Assert.Equal("axyaxy", string.Concat(Turns(cluster, 6).Chunk(3).SelectMany(turn => turn.Order())));
        Assert.Equal("z", Turns(cluster, 1, 0, 2, 3));
        var kept = cluster.Pick(0, Picks.Tried(0, 3))!;
        cluster.SetPlaces(1, [Place(2, "x", weight: 2), Place(3, "w")]);
        Assert.Equal("awxxawxx", string.Concat(Turns(cluster, 8).Chunk(4).SelectMany(turn => turn.Order())));
        Assert.Same(kept, cluster.Pick(0, Picks.Tried(0, 3)));
        Assert.Equal(2, kept.Weight);
        cluster.SetHealth(3, false);
        Assert.DoesNotContain('w', Turns(cluster, 8));
        // Of one that is gone nobody speaks any more.
        cluster.SetHealth(4, false);
        cluster.SetPlaces(1, []);
        Assert.Equal("aaa", Turns(cluster, 3));

    }

    [Fact]
    public void Two_that_have_one_number_for_a_while_are_told_apart_by_their_names()
    {
        var cluster = Make(panic: 0, 0);
        cluster.SetPlaces(1, [Place(2, "x"), Place(3, "y")]);
        cluster.SetPlaces(2, [Place(2, "z")]);
        cluster.SetHealth(2, "z", false);
        cluster.SetPlaces(1, [Place(3, "y")]);
        Assert.DoesNotContain('z', Turns(cluster, 6));
        cluster.SetHealth(2, "z", true);
        Assert.Contains('z', Turns(cluster, 6));
    }

    [Fact]
    public void Workers_share_the_table_of_a_hash()
    {
        var table = MaglevTable.Build(["a", "b"], [1, 1]);
        var settings = new BalancingSettings { Tables = new Dictionary<int, MaglevTable> { [0] = table } };
        var destinations = Picks.Make(1, 1);
        Assert.Same(table, settings.TableOf(destinations));
        Assert.NotSame(table, settings.TableOf(Picks.Make(1, 1, 1)));
    }

    private static ServicePlace Place(int index, string name, int priority = 0, int weight = 1) =>
        new(index, name, weight, priority, []);

    private Cluster Make(int panic, params int[] priorities) =>
        Make(new BalancingSettings { PanicPercent = panic }, priorities);

    private Cluster Make(BalancingSettings balancing, params int[] priorities) => new(
        _rig.Reactor, new ClusterSettings { Name = "test", Balancing = balancing },
        [.. priorities.Select((priority, i) => new Destination(Picks.NameOf(i), 1, Array.Empty<SocketAddress>(), priority))]);

    private static string Turns(Cluster cluster, int count, params int[] tried) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => cluster.Pick(0, Picks.Tried(tried))!.Name));

    private void Advance(int milliseconds)
    {
        var until = _rig.Loop.Now + milliseconds;
        _rig.Run(() => _rig.UntilAsync(() => _rig.Loop.Now >= until));
    }
}
