using Tailrace.Http;

namespace Tailrace.Tests.Http;

public sealed class MethodsTests
{
    [Fact]
    public void Every_method_has_its_name_and_is_found_by_it()
    {
        foreach (Method method in Enum.GetValues<Method>())
        {
            string expected = method == Method.Other ? "" : method.ToString().ToUpperInvariant();
            Assert.Equal(expected, Wire.Text(Methods.Text(method)));
            Assert.Equal(method, Methods.FromBytes(Methods.Text(method)));
        }
    }

    [Theory]
    [InlineData("get")]
    [InlineData("Get")]
    [InlineData("GETS")]
    [InlineData("GE")]
    [InlineData("PROPFIND")]
    public void Methods_are_case_sensitive_and_whole(string text) =>
        Assert.Equal(Method.Other, Methods.FromBytes(Wire.Bytes(text)));

    [Fact]
    public void Only_what_may_be_repeated_is_idempotent()
    {
        var idempotent = Enum.GetValues<Method>().Where(Methods.IsIdempotent);
        Assert.Equal(
            [Method.Get, Method.Head, Method.Put, Method.Delete, Method.Options, Method.Trace], idempotent);
        Assert.Equal(
            [Method.Get, Method.Head, Method.Options, Method.Trace], Enum.GetValues<Method>().Where(Methods.IsSafe));
    }
}
