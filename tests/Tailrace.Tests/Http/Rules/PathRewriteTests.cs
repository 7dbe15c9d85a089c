using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Tailrace.Http;
using Tailrace.Http.Rules;

namespace Tailrace.Tests.Http.Rules;

/// <summary>What becomes of paths: prefixes by whole segments, patterns in bounded time, escapes as sent.</summary>
public sealed class PathRewriteTests
{
    [Theory]
    [InlineData("/api", "", "/api", "/")]
    [InlineData("/api", "", "/api/", "/")]
    [InlineData("/api", "", "/api/x/y", "/x/y")]
    [InlineData("/api", "", "/apix", "/apix")]
    [InlineData("/api", "", "/ap", "/ap")]
    [InlineData("/api", "", "/api//x", "//x")]
    [InlineData("/api/", "", "/api/x", "/x")]
    [InlineData("/api/", "", "/api", "/")]
    [InlineData("/api", "", "/api/%2e%2F/a%20b", "/%2e%2F/a%20b")]
    [InlineData("/api", "", "/%61pi/x%2fy", "/x%2Fy")]
    [InlineData("/api", "", "/x/../api/y", "/y")]
    [InlineData("/api", "", "/x/../apiy//z", "/x/../apiy//z")]
    [InlineData("", "/v2", "/x", "/v2/x")]
    [InlineData("", "/v2", "/", "/v2/")]
    [InlineData("", "/v2/", "/x", "/v2/x")]
    [InlineData("/api", "/v2", "/api/x", "/v2/x")]
    [InlineData("/api", "/v2", "/api", "/v2")]
    [InlineData("/api", "/v2", "/api/", "/v2/")]
    [InlineData("/api", "/v2", "/other", "/v2/other")]
    [InlineData("/api", "/", "/api", "/")]
    [InlineData("/", "/v2", "/x", "/v2/x")]
    public void A_prefix_is_taken_off_and_another_put_in_front(
        string stripped, string added, string path, string expected) =>
        Assert.Equal(expected, Apply(PathRewrite.Prefix(Bytes(stripped), Bytes(added)), path));

    [Theory]
    [InlineData("/"), InlineData("/x"), InlineData("/x/")]
    public void A_whole_path_stands_for_every_other(string path)
    {
        Assert.Equal(path, Apply(PathRewrite.Whole(Bytes(path)), "/"));
        Assert.Equal(path, Apply(PathRewrite.Whole(Bytes(path)), "/some/where"));
    }

    [Theory]
    [InlineData("^/users/([0-9]+)$", "/u/$1", "/users/42", "/u/42")]
    [InlineData("^/users/([0-9]+)$", "/u/$1", "/users/x", "/users/x")]
    [InlineData("^/(?<a>[^/]+)/(?<b>[^/]+)$", "/${b}/${a}", "/x/y", "/y/x")]
    [InlineData("o", "0", "/foo/bool", "/f00/b00l")]
    [InlineData("^/", "", "/x", "/x")]
    [InlineData("^.*$", "", "/x/y", "/")]
    [InlineData("x", "$$$0", "/x", "/$x")]
    [InlineData("%20", "+", "/a%20b", "/a+b")]
    [InlineData("^(/[^/]+){2}", "/$1", "/a/b/c", "//b/c")]
    public void Every_match_of_a_pattern_is_replaced(string pattern, string replacement, string path, string expected) =>
        Assert.Equal(expected, Apply(PathRewrite.Pattern(pattern, replacement, TimeSpan.FromSeconds(10)), path));

    [Fact]
    public void A_pattern_that_takes_too_long_is_given_up()
    {
        // Only an expression that backtracks, which configurations cannot have, is sure to take that long.
        var slow = new PathRewrite(new Regex("(a+)+$", RegexOptions.None, TimeSpan.FromMilliseconds(1)), "");
        byte[] buffer = [];
        Assert.False(slow.TryApply(Bytes("/" + new string('a', 60) + "!"), ref buffer, out _));
        Assert.True(slow.TryApply("/a"u8, ref buffer, out var length));
        Assert.Equal("/", Encoding.ASCII.GetString(buffer.AsSpan(0, length)));
    }

    [Fact]
    public void Whatever_comes_in_a_path_goes_out_that_a_parser_takes()
    {
        var bytes = Gen.Choose(0x21, 0x7E).Where(b => b is not ('#' or '?')).Select(b => (char)b);
        var segments = Gen.Elements("/api", "/v2", "/api/", "/", "", "/a%2Fb");
        var cases = from path in Gen.ArrayOf(Gen.OneOf(bytes, Gen.Elements('/', 'a', 'p', 'i')))
                    from stripped in segments
                    from added in segments
                    from kind in Gen.Choose(0, 2)
                    select (Path: "/" + new string(path), stripped, added, kind);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var rewrite = c.kind switch
            {
                0 => PathRewrite.Prefix(Bytes(c.stripped), Bytes(c.added)),
                1 => PathRewrite.Pattern("(?<x>[a-p/]+)/(.)", c.added + "$2${x}", TimeSpan.FromSeconds(10)),
                _ => PathRewrite.Pattern("^/|%2F|[a-z]$", "", TimeSpan.FromSeconds(10)),
            };
            var text = Apply(rewrite, c.Path);
            return text[0] == '/' && text.All(b => b != '?' && HttpSyntax.IsTargetByte((byte)b));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_prefix_put_in_front_and_taken_off_again_leaves_the_path()
    {
        var random = new Random(9);
        for (var round = 0; round < 2000; round++)
        {
            var path = "/" + new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => "/ap%2i"[random.Next(6)])]);
            var longer = Apply(PathRewrite.Prefix([], "/api"u8.ToArray()), path);
            Assert.Equal("/api" + path, longer);
            Assert.Equal(path, Apply(PathRewrite.Prefix("/api"u8.ToArray(), []), longer));
        }
    }

    private static string Apply(PathRewrite rewrite, string path)
    {
        byte[] buffer = [];
        Assert.True(rewrite.TryApply(Bytes(path), ref buffer, out var length));
        return Encoding.Latin1.GetString(buffer.AsSpan(0, length));
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
