using System.Text;
using Tailrace.Http;
using Tailrace.Memory;

namespace Tailrace.Tests.Http;

/// <summary>The form of a path that routes are matched on.</summary>
public sealed class PathSyntaxTests
{
    [Theory]
    [InlineData("/", "/", PathOddity.None)]
    [InlineData("/a/b.c/..d/e..", "/a/b.c/..d/e..", PathOddity.None)]
    [InlineData("/%61%2D%2e%5F%7e%41%30", "/a-._~A0", PathOddity.None)]
    [InlineData("/%c3%a9%20%25%3f%23", "/%C3%A9%20%25%3F%23", PathOddity.None)]
    [InlineData("/%", "/%", PathOddity.None)]
    [InlineData("/%6", "/%6", PathOddity.None)]
    [InlineData("/%6g%zz", "/%6g%zz", PathOddity.None)]
    [InlineData("/%2561", "/%2561", PathOddity.None)]
    [InlineData("//", "/", PathOddity.None)]
    [InlineData("//a///b//", "/a/b/", PathOddity.None)]
    [InlineData("/.", "/", PathOddity.DotSegment)]
    [InlineData("/./a", "/a", PathOddity.DotSegment)]
    [InlineData("/a/.", "/a/", PathOddity.DotSegment)]
    [InlineData("/..", "/", PathOddity.DotSegment)]
    [InlineData("/../../a", "/a", PathOddity.DotSegment)]
    [InlineData("/a/..", "/", PathOddity.DotSegment)]
    [InlineData("/a/b/../c", "/a/c", PathOddity.DotSegment)]
    [InlineData("/a/b/..", "/a/", PathOddity.DotSegment)]
    [InlineData("/a/b/../../c", "/c", PathOddity.DotSegment)]
    [InlineData("/a//../b", "/b", PathOddity.DotSegment)]
    [InlineData("/a/%2e%2E/b", "/b", PathOddity.DotSegment)]
    [InlineData("/a/.%2e", "/", PathOddity.DotSegment)]
    [InlineData("/a%2fb%2F..", "/a%2Fb%2F..", PathOddity.EncodedSlash)]
    [InlineData("/a%5cb", "/a%5Cb", PathOddity.EncodedSlash)]
    [InlineData("/%2e/%2f", "/%2F", PathOddity.DotSegment | PathOddity.EncodedSlash)]
    public void It_is(string path, string expected, PathOddity oddity)
    {
        var bytes = Encoding.ASCII.GetBytes(path);
        var form = new byte[bytes.Length];
        var length = PathSyntax.Normalize(bytes, form, out var found);
        Assert.Equal((expected, oddity), (Encoding.ASCII.GetString(form, 0, length), found));
        // Once is enough.
        var again = new byte[length];
        Assert.Equal(length, PathSyntax.Normalize(form.AsSpan(0, length), again, out _));
        Assert.Equal(form[..length], again);
    }

    [Theory]
    [InlineData("/", true)]
    [InlineData("/a.b/c", true)]
    [InlineData("/a/", true)]
    [InlineData("", true)]
    [InlineData("*", true)]
    [InlineData("%", false)]
    [InlineData("/a%20", false)]
    [InlineData("//", false)]
    [InlineData("/.", false)]
    [InlineData("/a/.well-known", false)]
    public void What_is_usual_is_found_at_a_look(string path, bool expected)
    {
        // At every place in a long path and in a short one, and with anything around it.
        foreach (var before in new[] { "", "/a", "/abcdefghijklm", "/abcdefghijklmn", "/abcdefghijklmno", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" })
        {
            foreach (var after in new[] { "", " ", " HTTP/1.1\r\n", "?.%// HTTP/1.1\r\nHost: a.example\r\n" })
            {
                var bytes = Encoding.ASCII.GetBytes($"GET //%{before}{path}{after}");
                var slice = new ByteSlice(7, before.Length + path.Length);
                Assert.True(expected == PathSyntax.IsPlain(bytes, slice), $"'{before}{path}' before '{after}'");
            }
        }
    }

    [Fact]
    public void A_usual_path_is_its_own_form()
    {
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var path = "/" + string.Concat(Enumerable.Range(0, random.Next(24)).Select(_ => "/.%a2eFf"[random.Next(8)]));
            var bytes = Encoding.ASCII.GetBytes(path);
            var form = new byte[bytes.Length];
            var length = PathSyntax.Normalize(bytes, form, out var oddity);
            var isPlain = PathSyntax.IsPlain(Encoding.ASCII.GetBytes(path + " HTTP/1.1\r\nHost: a"), new ByteSlice(0, path.Length));
            Assert.False(isPlain && (oddity != PathOddity.None || !bytes.AsSpan().SequenceEqual(form.AsSpan(0, length))), path);
            Assert.True(isPlain || path.Contains('%') || path.Contains("//") || path.Contains("/."), path);
        }
    }
}
