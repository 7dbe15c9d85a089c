using System.Net;
using Tailrace.Hosting;
using Tailrace.Io;

namespace Tailrace.Tests.Hosting;

/// <summary>Whose limit it was that no descriptor was left of.</summary>
public sealed class ListenErrorsTests
{
    [Theory]
    [InlineData(IoError.OutOfDescriptors,
        "no file descriptor is left for connections of the ", "('ulimit -n', LimitNOFILE= in systemd)")]
    [InlineData(IoError.FileTableFull, "the whole system has no file left", "('sysctl fs.file-max')")]
    public void It_is_named_as_the_error_says(IoError error, string whose, string advice)
    {
        var address = new IPEndPoint(IPAddress.Loopback, 80);
        foreach (var failure in (IoException[])[new(error, address), new(error, "eventfd")])
        {
            var said = ListenErrors.Describe(failure);
            Assert.Contains(whose, said);
            Assert.Contains(advice, said);
        }
    }

    [Theory]
    [InlineData(20, "of the 20 that are allowed, the last 5 of which are kept for files and logs; raise the limit")]
    [InlineData(256, "of the 256 that are allowed, the last 64 of which are kept for files and logs; raise the limit")]
    [InlineData(4096, "of the 4096 that are allowed, the last 64 of which are kept for files and logs; raise the")]
    public void It_is_told_how_many_are_kept_for_other_things(long limit, string said) =>
        Assert.Contains(said, ListenErrors.NoDescriptor(limit));
}
