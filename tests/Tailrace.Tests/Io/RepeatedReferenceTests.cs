using Tailrace.Io;

namespace Tailrace.Tests.Io;

public sealed class RepeatedReferenceTests
{
    [Fact]
    public void It_is_what_was_set_last()
    {
        var one = new object();
        var other = new object();
        var reference = new RepeatedReference<object>();
        Assert.Null(reference.Value);
        foreach (var value in (object?[])[one, one, null, one, other, null, null, other, one])
        {
            reference.Value = value;
            Assert.Same(value, reference.Value);
        }
    }
}
