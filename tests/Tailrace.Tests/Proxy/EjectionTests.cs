using Tailrace.Proxy;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>Who is left out because of what happened to requests, and for how long.</summary>
public sealed class EjectionTests : IDisposable
{
    private readonly LoopRig _rig = new("sim");
    private readonly List<string> _said = [];
    private Destination[] _destinations = [];
    private Cluster _cluster = null!;

    public void Dispose()
    {
        _cluster.Drain();
        _rig.Dispose();
    }

    [Fact]
    public void So_many_failures_in_a_row()
    {
        Create(3, new EjectionSettings { Failures = 3, TimeMs = 1000 });
        Fail(0, 2);
        Succeed(0);
        Fail(0, 2);
        Assert.False(_destinations[0].IsEjected);
        Fail(0, 1);
        Assert.True(_destinations[0].IsEjected);
        Assert.Equal(["a: 3 failures in a row, for 1000 ms"], _said);
        Assert.DoesNotContain(_destinations[0], Picked(6));
    }

    [Fact]
    public void It_comes_back_on_probation()
    {
        Create(3, new EjectionSettings { Failures = 3, TimeMs = 1000, TimeMaxMs = 3000 });
        Fail(0, 3);
        foreach (var time in new[] { 1000, 2000, 3000, 3000 })
        {
            Advance(time - 50);
            Assert.True(_destinations[0].IsEjected);
            Advance(100);
            Assert.False(_destinations[0].IsEjected);
            Fail(0, 1);
        }
        Advance(3100);
        Succeed(0);
        Fail(0, 2);
        Assert.False(_destinations[0].IsEjected);
        Assert.Equal(10, _said.Count);
    }

    [Fact]
    public void Good_behaviour_makes_up_for_the_past()
    {
        Create(3, new EjectionSettings { Failures = 1, TimeMs = 1000 });
        Fail(0, 1);
        Advance(1100);
        Fail(0, 1);
        Advance(2100);
        Succeed(0);
        Advance(2100);
        Fail(0, 1);
        Assert.EndsWith("for 1000 ms", _said[^1]);
    }

    [Theory]
    [InlineData(1, 50, 0)]
    [InlineData(2, 50, 1)]
    [InlineData(3, 50, 1)]
    [InlineData(10, 30, 3)]
    [InlineData(4, 100, 4)]
    public void Only_a_share_of_them(int count, int shareMax, int expected)
    {
        Create(count, new EjectionSettings { Failures = 1, ShareMaxPercent = shareMax });
        for (var i = 0; i < count; i++) Fail(i, 5);
        Assert.Equal(expected, _destinations.Count(destination => destination.IsEjected));
    }

    [Fact]
    public void One_that_fails_more_often_than_the_others()
    {
        Create(4, new EjectionSettings { Failures = 0, ErrorRatePercent = 20, IntervalMs = 1000, RequestsMin = 10 });
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < 3; i++) Record(i, round % 10 == 0, 1);
            Record(3, round % 2 == 0, 1);
        }
        Advance(1100);
        Assert.Equal([3], Ejected());
        Assert.StartsWith("d: 50 % of its requests failed, 20 % of all", Assert.Single(_said));
    }

    [Fact]
    public void Nobody_when_all_fail_alike()
    {
        Create(4, new EjectionSettings { Failures = 0, ErrorRatePercent = 20, IntervalMs = 1000, RequestsMin = 10 });
        for (var i = 0; i < 4; i++) Fail(i, 50);
        Advance(1100);
        Assert.Empty(Ejected());
    }

    [Fact]
    public void One_that_is_much_slower_than_the_others()
    {
        Create(4, new EjectionSettings { Failures = 0, LatencyPercent = 200, IntervalMs = 1000, RequestsMin = 10 });
        for (var round = 0; round < 10; round++)
        {
            for (var i = 0; i < 4; i++) Record(i, isFailure: false, latencyMs: i == 1 ? 100 : 10);
        }
        Advance(1100);
        Assert.Equal([1], Ejected());
        Assert.StartsWith("b: answers after 100 ms on average, 33 ms for all", Assert.Single(_said));
    }

    [Fact]
    public void Few_requests_say_nothing()
    {
        Create(2, new EjectionSettings { Failures = 0, ErrorRatePercent = 20, IntervalMs = 1000, RequestsMin = 10 });
        for (var i = 0; i < 100; i++) Succeed(0);
        Fail(1, 9);
        Advance(1100);
        // What was counted is forgotten with the interval.
        Fail(1, 9);
        Advance(1100);
        Assert.Empty(Ejected());
        Assert.Equal(0, _rig.Loop.Timers.Count);
    }

    private IEnumerable<int> Ejected() => _destinations.Where(one => one.IsEjected).Select(one => one.Index);

    private IEnumerable<Destination> Picked(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => _cluster.Pick(0, default)!)];

    private void Create(int count, EjectionSettings settings)
    {
        _destinations = Balancing.Picks.Make([.. Enumerable.Repeat(1, count)]);
        _cluster = new Cluster(_rig.Reactor, new ClusterSettings { Name = "test", Ejection = settings }, _destinations)
        {
            EjectionChanged = (destination, reason) => _said.Add($"{destination.Name}: {reason ?? "back"}"),
        };
    }

    private void Succeed(int index) => Record(index, isFailure: false, latencyMs: 1);

    private void Fail(int index, int times)
    {
        for (var i = 0; i < times; i++) Record(index, isFailure: true, latencyMs: 1);
    }

    private void Record(int index, bool isFailure, long latencyMs) =>
        _cluster.Record(_destinations[index], isFailure, latencyMs);

    private void Advance(int milliseconds)
    {
        var until = _rig.Loop.Now + milliseconds;
        _rig.Run(() => _rig.UntilAsync(() => _rig.Loop.Now >= until));
    }
}
