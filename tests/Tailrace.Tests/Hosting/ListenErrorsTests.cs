using Tailrace.Hosting;

namespace Tailrace.Tests.Hosting;

/// <summary>Whose limit it was that no descriptor was left of.</summary>
public sealed class ListenErrorsTests
{
    private const string OwnLimit =
        "no file descriptor is left of the 256 that are allowed; raise the limit ('ulimit -n', LimitNOFILE= in systemd)";

    [Theory]
    [InlineData("1781\t0\t2466183\n")]
    [InlineData("743\t0\t1000\n")]
    [InlineData("1781\t0\t9223372036854775807\n")]
    [InlineData("")]
    [InlineData("what it will be some day")]
    public void The_process_s_where_the_system_has_more(string fileTable) =>
        Assert.Equal(OwnLimit, ListenErrors.NoDescriptor(256, fileTable));

    [Theory]
    [InlineData(744)]
    [InlineData(1000)]
    [InlineData(1010)]
    public void The_system_s_where_it_has_none_beside_those_of_this_process(int open) => Assert.Equal(
        $"no file descriptor is left of the 1000 of the whole system, {open} of which others have; raise the limit "
        + "('sysctl fs.file-max')",
        ListenErrors.NoDescriptor(256, $"{open}\t0\t1000\n"));
}
