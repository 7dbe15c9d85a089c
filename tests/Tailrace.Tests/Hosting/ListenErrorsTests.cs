using System.Net;
using Tailrace.Hosting;
using Tailrace.Io;

namespace Tailrace.Tests.Hosting;

/// <summary>Whose limit it was that no descriptor was left of.</summary>
public sealed class ListenErrorsTests
{
    [Theory]
    [InlineData(IoError.OutOfDescriptors, "no file descriptor is left of the ", "('ulimit -n', LimitNOFILE= in systemd)")]
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
}
