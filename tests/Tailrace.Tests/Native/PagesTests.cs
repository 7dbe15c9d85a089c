using Tailrace.Native;

namespace Tailrace.Tests.Native;

/// <summary>Memory is given back by whole pages of the machine, which are not 4 KiB everywhere.</summary>
public sealed class PagesTests
{
    [Theory]
    [InlineData(0x10000, 0x4000, 0x4000, 0x10000, 0x4000)]
    [InlineData(0x10000, 0x5000, 0x4000, 0x10000, 0x4000)]
    [InlineData(0x11000, 0x8000, 0x4000, 0x14000, 0x4000)]
    [InlineData(0x11000, 0x3000, 0x4000, 0x14000, 0)]
    [InlineData(0x10001, 0x1FFE, 0x1000, 0x11000, 0)]
    [InlineData(0x10000, 0x10C0, 0x1000, 0x10000, 0x1000)]
    [InlineData(0x10000, 0x10C0, 0x10000, 0x10000, 0)]
    public void None_is_given_back_in_part(int start, int bytes, int pageBytes, int first, int length) =>
        Assert.Equal(((nuint)first, (nuint)length), Pages.Whole((nuint)start, (nuint)bytes, (nuint)pageBytes));
}
