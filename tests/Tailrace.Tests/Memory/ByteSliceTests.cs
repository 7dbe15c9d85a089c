using Tailrace.Memory;

namespace Tailrace.Tests.Memory;

public sealed class ByteSliceTests
{
    [Fact]
    public void End_is_the_byte_behind_it() => Assert.Equal(3, new ByteSlice(1, 2).End);

    [Fact]
    public void In_gives_the_bytes_of_the_base() =>
        Assert.Equal("bc"u8.ToArray(), new ByteSlice(1, 2).In("abcd"u8).ToArray());
}
