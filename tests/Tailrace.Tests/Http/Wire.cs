using System.Text;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Memory;

namespace Tailrace.Tests.Http;

/// <summary>Text to bytes and back, and one-call readings, for tests of the HTTP layer.</summary>
internal static class Wire
{
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static string Text(ByteSlice slice, string of) => Text(slice.In(Bytes(of)));

    public static RequestHead Request(string input, out ParseStatus status, HttpLimits? limits = null)
    {
        var head = new RequestHead();
        int scanned = 0;
        status = RequestParser.Parse(Bytes(input), ref scanned, head, limits ?? HttpLimits.Default);
        return head;
    }

    /// <summary>A request that has to be accepted.</summary>
    public static RequestHead Request(string input)
    {
        RequestHead head = Request(input, out ParseStatus status);
        Assert.True(status == ParseStatus.Complete, $"{status} {head.Rejection}: {input}");
        return head;
    }

    public static ResponseHead Response(
        string input, out ParseStatus status, Method method = Method.Get, HttpLimits? limits = null)
    {
        var head = new ResponseHead();
        int scanned = 0;
        status = ResponseParser.Parse(Bytes(input), ref scanned, head, method, limits ?? HttpLimits.Default);
        return head;
    }

    /// <summary>A response that has to be accepted.</summary>
    public static ResponseHead Response(string input, Method method = Method.Get)
    {
        ResponseHead head = Response(input, out ParseStatus status, method);
        Assert.True(status == ParseStatus.Complete, $"{status} {head.Rejection}: {input}");
        return head;
    }
}
