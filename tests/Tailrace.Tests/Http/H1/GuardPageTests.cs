using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Native;

namespace Tailrace.Tests.Http.H1;

/// <summary>Heads between two pages that may not be touched: a byte read outside of a head ends the whole run.</summary>
/// <remarks>The parsers read in vectors and without checks of bounds, also near both ends of what there is.</remarks>
[SupportedOSPlatform("linux")]
public sealed unsafe partial class GuardPageTests : IDisposable
{
    private const int LengthMax = 300;

    private static readonly string[] s_names =
        ["a", "TE", "Host", "Content-Length", "If-Modified-Since", "Strict-Transport-Security", "x-other",
         "a-name-of-thirty-one-characters", "a-name-of-thirty-two-characters-", "A_name.of~others"];

    private readonly byte* _pages = Pages.Reserve(3 * Pages.Bytes);
    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();

    public GuardPageTests()
    {
        Assert.Equal(0, mprotect(_pages, Pages.Bytes, 0));
        Assert.Equal(0, mprotect(_pages + 2 * Pages.Bytes, Pages.Bytes, 0));
    }

    public void Dispose() => Pages.Unmap(_pages, 3 * Pages.Bytes);

    [Fact]
    public void Whole_heads_of_every_length_are_read_and_nothing_beside_them()
    {
        var whole = 0;
        foreach (var name in s_names)
        {
            for (var length = 1; length <= LengthMax; length++)
            {
                whole += CheckPadded("GET / HTTP/1.1\r\n", "Host: a\r\n", name, length);
                whole += CheckPadded("HTTP/1.1 200 OK\r\n", "", name, length);
            }
        }
        Assert.True(whole > 4000, $"only {whole} heads could be made");
    }

    [Fact]
    public void Heads_that_have_come_so_far_are_read_and_nothing_beside_them()
    {
        var lines = string.Concat(s_names.Select(name => $"{name}:{(name.Length % 2 == 0 ? " " : "")}value of {name}\r\n"));
        foreach (var start in new[] { "GET /a/path?and=query HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 404 Not Found\r\n", "" })
        {
            var text = start + lines + "\r\n";
            for (var length = 1; length <= Math.Min(LengthMax, text.Length); length++) Check(text[..length]);
        }
    }

    [Fact]
    public void What_is_no_head_is_read_and_nothing_beside_it()
    {
        foreach (var one in new[] { 'a', ' ', ':', '\r', '\n', '\t', '\0', '\u00ff', '%', '/' })
        {
            for (var length = 1; length <= LengthMax; length++)
            {
                Check(new string(one, length));
                Check("GET / HTTP/1.1\r\n" + new string(one, length));
                Check("HTTP/1.1 200 OK\r\na: " + new string(one, length));
            }
        }
    }

    /// <summary>Checks a head that is made so long by the value of its last field, if it can be.</summary>
    private int CheckPadded(string start, string fixedLines, string name, int length)
    {
        if (name is "Content-Length" or "Host") name = name.ToLowerInvariant() + "x";
        var rest = length - start.Length - fixedLines.Length - name.Length - 1 - 4;
        if (rest < 0) return 0;
        Check($"{start}{fixedLines}{name}:{new string('v', rest)}\r\n\r\n", ParseStatus.Complete);
        if (rest > 0) Check($"{start}{fixedLines}{name}: {new string('v', rest - 1)}\r\n\r\n", ParseStatus.Complete);
        return 1;
    }

    /// <summary>Reads it where it ends at a guard, and where it begins at one, as anywhere else.</summary>
    private void Check(string text, ParseStatus? wanted = null)
    {
        var bytes = Wire.Bytes(text);
        var (request, response) = (Request(bytes), Response(bytes));
        if (wanted is { } status) Assert.Equal(status, text.StartsWith("GET", StringComparison.Ordinal) ? request.Item1 : response.Item1);
        foreach (var place in new[] { _pages + Pages.Bytes, _pages + 2 * Pages.Bytes - bytes.Length })
        {
            var guarded = new Span<byte>(place, bytes.Length);
            bytes.CopyTo(guarded);
            Assert.Equal(request, Request(guarded));
            Assert.Equal(response, Response(guarded));
            ReadLines(guarded);
        }
    }

    private (ParseStatus, Rejection, int) Request(ReadOnlySpan<byte> bytes)
    {
        var scanned = 0;
        var status = RequestParser.Parse(bytes, ref scanned, _request, HttpLimits.Default);
        return (status, _request.Rejection, _request.Headers.Count);
    }

    private (ParseStatus, Rejection, int) Response(ReadOnlySpan<byte> bytes)
    {
        var scanned = 0;
        var status = ResponseParser.Parse(bytes, ref scanned, _response, Method.Get, HttpLimits.Default);
        return (status, _response.Rejection, _response.Headers.Count);
    }

    /// <summary>Field lines alone, as trailers are.</summary>
    private static void ReadLines(ReadOnlySpan<byte> bytes)
    {
        var table = new HeaderTable(32);
        Assert.InRange(UsualLines.Read(bytes, 0, table, 32), 0, bytes.Length);
        var lineStart = 0;
        HeaderParser.Validate(bytes, ref lineStart, scanned: 0, out _);
        Assert.InRange(lineStart, 0, bytes.Length);
    }

    [LibraryImport("libc")]
    private static partial int mprotect(void* start, nuint bytes, int protection);
}
