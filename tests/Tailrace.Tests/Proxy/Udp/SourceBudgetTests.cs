using System.Net;
using Tailrace.Io;
using Tailrace.Proxy.Udp;

namespace Tailrace.Tests.Proxy.Udp;

/// <summary>The sessions that each address may have.</summary>
public sealed class SourceBudgetTests
{
    [Fact]
    public void An_address_has_its_share_whatever_its_ports()
    {
        var budget = new SourceBudget(2);
        Assert.True(budget.TryTake(Of("10.0.0.1", 1)));
        Assert.True(budget.TryTake(Of("10.0.0.1", 2)));
        Assert.False(budget.TryTake(Of("10.0.0.1", 3)));
        Assert.True(budget.TryTake(Of("10.0.0.2", 1)));
        budget.Return(Of("10.0.0.1", 2));
        Assert.True(budget.TryTake(Of("10.0.0.1", 4)));
    }

    [Fact]
    public void Nothing_is_kept_of_addresses_that_have_left()
    {
        var budget = new SourceBudget(1);
        for (var i = 0; i < 100; i++)
        {
            Assert.True(budget.TryTake(Of("::1", i)));
            Assert.False(budget.TryTake(Of("::1", i)));
            budget.Return(Of("::1", i));
        }
        Assert.Equal(0, budget.Count);
    }

    [Fact]
    public void Threads_share_it_exactly()
    {
        var budget = new SourceBudget(3);
        var inside = 0;
        Parallel.For(0, 20_000, i =>
        {
            if (!budget.TryTake(Of("10.0.0.1", i))) return;
            Assert.InRange(Interlocked.Increment(ref inside), 1, 3);
            Interlocked.Decrement(ref inside);
            budget.Return(Of("10.0.0.1", i));
        });
        Assert.Equal(0, budget.Count);
    }

    private static NetAddress Of(string address, int port) => NetAddress.From(new IPEndPoint(IPAddress.Parse(address), port));
}
