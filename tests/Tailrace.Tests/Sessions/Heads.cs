using System.Text;
using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Tests.Sessions;

/// <summary>Heads from text, as the parsers read them.</summary>
internal static class Heads
{
    /// <summary>Parses a request's head; its bytes begin the returned array.</summary>
    internal static RequestHead Request(string text, out byte[] bytes)
    {
        bytes = Encoding.Latin1.GetBytes(text);
        var (head, scanned) = (new RequestHead(), 0);
        var status = RequestParser.Parse(bytes, ref scanned, head, HttpLimits.Default);
        Assert.True(status == ParseStatus.Complete, $"{status} {head.Rejection}: {text}");
        return head;
    }

    /// <summary>Parses a response's head.</summary>
    internal static ResponseHead Response(string text, out byte[] bytes, Method method = Method.Get)
    {
        bytes = Encoding.Latin1.GetBytes(text);
        var (head, scanned) = (new ResponseHead(), 0);
        var status = ResponseParser.Parse(bytes, ref scanned, head, method, HttpLimits.Default);
        Assert.True(status == ParseStatus.Complete, $"{status} {head.Rejection}: {text}");
        return head;
    }
}
