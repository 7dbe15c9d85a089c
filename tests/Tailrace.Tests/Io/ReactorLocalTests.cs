using Tailrace.Io;

namespace Tailrace.Tests.Io;

/// <summary>State for each reactor.</summary>
public sealed class ReactorLocalTests
{
    [Fact]
    public void Each_reactor_has_its_own_value_and_keeps_it()
    {
        using var one = new LoopRig("portable");
        using var two = new LoopRig("portable");
        var local = new ReactorLocal<List<Reactor>>(reactor => [reactor]);
        var other = new ReactorLocal<List<Reactor>>(_ => []);
        List<Reactor> first = [], second = [];
        one.Run(() => Take(one, ref first));
        two.Run(() => Take(two, ref second));
        Assert.Equal([one.Reactor], first);
        Assert.Equal([two.Reactor], second);

        LoopTask Take(LoopRig rig, ref List<Reactor> value)
        {
            value = local.Of(rig.Reactor);
            Assert.Same(value, local.Of(rig.Reactor));
            Assert.NotSame(value, other.Of(rig.Reactor));
            return LoopTask.Completed;
        }
    }
}
