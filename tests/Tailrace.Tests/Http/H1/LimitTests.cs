using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Tests.Http.H1;

/// <summary>What is too large is turned away as soon as that is certain, and never before.</summary>
public sealed class LimitTests
{
    [Fact]
    public void A_head_may_fill_its_limit()
    {
        string start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
        string text = start + new string('v', 200 - start.Length - 4) + "\r\n\r\n";
        var limits = new HttpLimits { HeadBytesMax = 200 };
        Wire.Request(text, out ParseStatus status, limits);
        Assert.Equal(ParseStatus.Complete, status);
        RequestHead head = Wire.Request(text, out status, limits with { HeadBytesMax = 199 });
        Assert.Equal((ParseStatus.Rejected, Rejection.HeadTooLarge), (status, head.Rejection));
    }

    [Fact]
    public void An_endless_head_is_rejected_at_the_limit()
    {
        var limits = new HttpLimits { HeadBytesMax = 100 };
        string endless = "GET / HTTP/1.1\r\nHost: h\r\nX: " + new string('v', 1000);
        Wire.Request(endless[..99], out ParseStatus status, limits);
        Assert.Equal(ParseStatus.NeedMore, status);
        RequestHead head = Wire.Request(endless[..100], out status, limits);
        Assert.Equal((ParseStatus.Rejected, Rejection.HeadTooLarge), (status, head.Rejection));
        ResponseHead response = Wire.Response(
            "HTTP/1.1 200 " + new string('r', 1000), out status, Method.Get, limits);
        Assert.Equal((ParseStatus.Rejected, Rejection.HeadTooLarge), (status, response.Rejection));
    }

    [Fact]
    public void An_endless_target_is_rejected_at_its_own_limit()
    {
        var limits = new HttpLimits { TargetLengthMax = 50 };
        string endless = "GET /" + new string('a', 1000);
        RequestHead head = Wire.Request(endless[..(4 + 50)], out ParseStatus status, limits);
        Assert.Equal(ParseStatus.NeedMore, status);
        head = Wire.Request(endless[..(4 + 51)], out status, limits);
        Assert.Equal((ParseStatus.Rejected, Rejection.TargetTooLong), (status, head.Rejection));
        head = Wire.Request(endless, out status, new HttpLimits { HeadBytesMax = 60 });
        Assert.Equal((ParseStatus.Rejected, Rejection.TargetTooLong), (status, head.Rejection));
        Wire.Request(endless[..(4 + 50)] + " HTTP/1.1\r\nHost: h\r\n\r\n", out status, limits);
        Assert.Equal(ParseStatus.Complete, status);
    }

    [Fact]
    public void The_defaults_let_common_extremes_through()
    {
        string target = "/" + new string('a', 7999);
        Wire.Request($"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        Wire.Request("GET / HTTP/1.1\r\nHost: h\r\nX: " + new string('v', 4000) + "\r\n\r\n");
        string fields = string.Concat(Enumerable.Range(0, 99).Select(i => $"X-F{i}: {i}\r\n"));
        Assert.Equal(100, Wire.Request($"GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n").Headers.Count);
    }

    [Fact]
    public void A_head_table_smaller_than_the_limit_decides()
    {
        var head = new RequestHead(1);
        int scanned = 0;
        ParseStatus status = RequestParser.Parse(
            "GET / HTTP/1.1\r\nHost: h\r\na: 1\r\n\r\n"u8, ref scanned, head, HttpLimits.Default);
        Assert.Equal((ParseStatus.Rejected, Rejection.TooManyHeaders), (status, head.Rejection));
    }
}
