using System.Net;
using Tailrace.Hosting;
using Tailrace.Io;

namespace Tailrace.Tests.Hosting;

/// <summary>Why an address cannot be listened on, and whose limit it was that no descriptor was left of.</summary>
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

    [Fact]
    public void What_has_no_name_here_is_said_in_the_words_of_the_system()
    {
        // EINVAL, by a link-local address without its interface.
        var address = new IPEndPoint(IPAddress.Parse("fe80::1"), 0);
        foreach (var engine in (Engine[])[Engine.Portable, Engine.Epoll])
        {
            using var loop = Loops.Create(engine, eventsMax: 8);
            var failure = Assert.Throws<IoException>(() => loop.Listen(address, new ListenSettings(Backlog: 1)));
            Assert.Equal("cannot listen on [fe80::1]:0: Invalid argument", ListenErrors.Describe(failure));
        }
    }

    [Theory]
    [InlineData(20, "of the 20 that are allowed, the last 5 of which are kept for files and logs; raise the limit")]
    [InlineData(256, "of the 256 that are allowed, the last 64 of which are kept for files and logs; raise the limit")]
    [InlineData(4096, "of the 4096 that are allowed, the last 64 of which are kept for files and logs; raise the")]
    public void It_is_told_how_many_are_kept_for_other_things(long limit, string said) =>
        Assert.Contains(said, ListenErrors.NoDescriptor(limit));
}
