using System.Globalization;
using Tailrace.Io;
using Tailrace.Tests.Tidy;

namespace Tailrace.Tests.Io;

/// <summary>Which engine it becomes, and why.</summary>
public sealed class LoopsTests
{
    [Fact]
    public void By_itself_it_takes_the_engine_that_took_less_processor_time_and_says_when()
    {
        Assert.Equal(Engine.IoUring, Loops.Choose(Engine.Auto, out var reason));
        Assert.Contains(Loops.Measured, reason);
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, Loops.Measured));
        Assert.InRange(MicrosecondsOf("tailrace-aot-io_uring"), 1, MicrosecondsOf("tailrace-aot-epoll") * 0.95);

        double MicrosecondsOf(string engine)
        {
            var row = lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).First(words => words is [var name, ..] && name == engine);
            return double.Parse(row[1], CultureInfo.InvariantCulture);
        }
    }
}
