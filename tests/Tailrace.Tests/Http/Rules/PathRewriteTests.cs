using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Tailrace.Http;
using Tailrace.Http.Rules;

namespace Tailrace.Tests.Http.Rules;

/// <summary>What becomes of paths: prefixes by whole segments, patterns in bounded time, nothing outside.</summary>
public sealed class PathRewriteTests
{
    [Theory]
    [InlineData("/api", "", "/api", "/")]
    [InlineData("/api", "", "/api/", "/")]
    [InlineData("/api", "", "/api/x/y", "/x/y")]
    [InlineData("/api", "", "/apix", "/apix")]
    [InlineData("/api", "", "/ap", "/ap")]
    [InlineData("/api", "", "/api//x", "/x")]
    [InlineData("/api/", "", "/api/x", "/x")]
    [InlineData("/api/", "", "/api", "/")]
    [InlineData("/api", "", "/api/%2e%2F/a%20b", "/.%2F/a%20b")]
    [InlineData("/api", "", "/%61pi/x%2fy", "/x%2Fy")]
    [InlineData("/api", "", "/x/../api/y", "/y")]
    [InlineData("/api", "", "/x/../apiy//z", "/apiy/z")]
    [InlineData("/%61pi/", "", "/api/x", "/x")]
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
    [InlineData("", "/t", "/../u/x", "/t/u/x")]
    [InlineData("", "/t", "/%2e%2E/u/x", "/t/u/x")]
    [InlineData("", "/t", "/.%2e", "/t/")]
    [InlineData("", "/t", "/a/./b//c/%41%c3", "/t/a/b/c/A%C3")]
    [InlineData("/api", "/v2", "/api/../../api/x", "/v2/x")]
    [InlineData("/api", "/v2", "/x/../api/y", "/v2/y")]
    [InlineData("/api", "/v2", "/api/../apix", "/v2/apix")]
    [InlineData("/api", "", "/api/..//api/../api/admin", "/admin")]
    [InlineData("/api", "", "/api/a%2Fb/%2f", "/a%2Fb/%2F")]
    public void What_is_in_front_of_a_path_cannot_be_left(string stripped, string added, string path, string expected)
        => Assert.Equal(expected, Apply(PathRewrite.Prefix(Bytes(stripped), Bytes(added)), path));

    [Theory]
    [InlineData("^/api/", "/internal/api/", "/%61pi/x", "/internal/api/x")]
    [InlineData("^/api/", "/internal/api/", "/api/../api/x", "/internal/api/x")]
    [InlineData("^/api/", "/internal/api/", "//api/x", "/internal/api/x")]
    [InlineData("^/api/", "/internal/api/", "/api/%2e%2e/x", "/x")]
    public void A_pattern_meets_the_form_of_a_path_that_its_route_was_found_by(
        string pattern, string replacement, string path, string expected) =>
        Assert.Equal(expected, Apply(PathRewrite.Pattern(pattern, replacement, TimeSpan.FromSeconds(10)), path));

    [Theory]
    [InlineData("/..%2Fu", true)]
    [InlineData("/a/..%5cu", true)]
    [InlineData("/%2e%2e%2f%2e%2e%2fu", true)]
    [InlineData("/x\\..\\..\\u", true)]
    [InlineData("/..;/u", true)]
    [InlineData("/..;a=b", true)]
    [InlineData("/%%32%65%%32%65/u", true)]
    [InlineData("/a..b/..c/d../.../e;../%2e%2e./a%2Fb%5C.;/..%20/100%", false)]
    [InlineData("/.well-known/..%", false)]
    public void What_only_some_origins_take_for_the_parent_is_refused(string path, bool isAmbiguous)
    {
        var expected = isAmbiguous ? RewriteResult.Ambiguous : RewriteResult.Done;
        Assert.Equal(expected, Result(PathRewrite.Prefix([], "/t"u8.ToArray()), path).Result);
        Assert.Equal(expected, Result(PathRewrite.Prefix("/x"u8.ToArray(), []), path).Result);
        Assert.Equal(expected, Result(PathRewrite.Pattern("^/", "/t/", TimeSpan.FromSeconds(10)), path).Result);
        Assert.Equal("/t", Apply(PathRewrite.Whole("/t"u8.ToArray()), path));
    }

    [Fact]
    public void A_match_that_ends_within_a_segment_does_not_make_a_parent_of_it()
    {
        var rewrite = PathRewrite.Pattern("^/api", "/v2/", TimeSpan.FromSeconds(10));
        Assert.Equal(RewriteResult.Ambiguous, Result(rewrite, "/api../u").Result);
        Assert.Equal("/v2//u", Apply(rewrite, "/api/u"));
    }

    [Fact]
    public void However_an_origin_reads_it_a_path_stays_where_it_was_put()
    {
        string[] parts = ["/", "/", ".", ".", "%2e", "%2F", "\\", "%5c", ";", "a", "%", "2", "e", "5", "%3B"];
        var random = new Random(23);
        var rewrite = PathRewrite.Prefix("/a"u8.ToArray(), "/t/n"u8.ToArray());
        var done = 0;
        for (var round = 0; round < 30_000; round++)
        {
            var path = "/" + string.Concat(random.GetItems(parts, random.Next(14)));
            var (result, text) = Result(rewrite, path);
            if (result == RewriteResult.Ambiguous) continue;
            done++;
            Assert.Equal(["t", "n"], Read(text).Take(2));
        }
        Assert.InRange(done, 10_000, 29_000);
    }

    /// <summary>The segments of a path to an origin that decodes everything first.</summary>
    private static List<string> Read(string path)
    {
        var decoded = Regex.Replace(path, "%([0-9A-Fa-f]{2})", m => $"{(char)Convert.ToInt32(m.Groups[1].Value, 16)}");
        var segments = new List<string>();
        foreach (var segment in decoded.Split('/', '\\').Select(text => text.Split(';')[0]))
        {
            if (segment == ".." && segments.Count > 0) segments.RemoveAt(segments.Count - 1);
            else if (segment is not ("" or "." or "..")) segments.Add(segment);
        }
        return segments;
    }

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
        Assert.Equal((RewriteResult.TookTooLong, ""), Result(slow, "/" + new string('a', 60) + "!"));
        Assert.Equal("/", Apply(slow, "/a"));
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
            var (result, text) = Result(rewrite, c.Path);
            return result == RewriteResult.Ambiguous
                || (text[0] == '/' && text.All(b => b != '?' && HttpSyntax.IsTargetByte((byte)b)));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_prefix_put_in_front_and_taken_off_again_leaves_the_form_of_the_path()
    {
        var random = new Random(9);
        for (var round = 0; round < 2000; round++)
        {
            var path = "/" + new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => "/ap%2i"[random.Next(6)])]);
            var longer = Apply(PathRewrite.Prefix([], "/api"u8.ToArray()), path);
            var form = new byte[path.Length];
            path = Encoding.Latin1.GetString(form.AsSpan(0, PathSyntax.Normalize(Bytes(path), form, out _)));
            Assert.Equal("/api" + path, longer);
            Assert.Equal(path, Apply(PathRewrite.Prefix("/api"u8.ToArray(), []), longer));
        }
    }

    private static string Apply(PathRewrite rewrite, string path)
    {
        var (result, text) = Result(rewrite, path);
        Assert.Equal(RewriteResult.Done, result);
        return text;
    }

    private static (RewriteResult Result, string Text) Result(PathRewrite rewrite, string path)
    {
        byte[] buffer = [];
        var result = rewrite.Apply(Bytes(path), ref buffer, out var length);
        return (result, result == RewriteResult.Done ? Encoding.Latin1.GetString(buffer.AsSpan(0, length)) : "");
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
