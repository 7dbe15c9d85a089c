using Tailrace.Hosting;

namespace Tailrace.Tests.Hosting;

public sealed class WorkerTests
{
    [Theory]
    [InlineData(0, 4, 4, 4)]
    [InlineData(0, 4, 2, 2)]
    [InlineData(0, 2, 4, 2)]
    [InlineData(0, 8, 1, 1)]
    [InlineData(3, 8, 1, 3)]
    [InlineData(9, 4, 4, 9)]
    public void By_itself_there_are_as_many_as_processors_and_no_more_than_the_quota_is_worth(int wanted, int processors, int quota, int expected) =>
        Assert.Equal(expected, Worker.CountOf(wanted, processors, quota));
}
