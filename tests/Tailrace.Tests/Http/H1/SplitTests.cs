using Tailrace.Fuzz;
using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Tests.Http.H1;

/// <summary>Heads that come in pieces read as they do whole, wherever they are cut.</summary>
public sealed class SplitTests
{
    public static TheoryData<string> Requests => Names("request");

    public static TheoryData<string> Responses => Names("response");

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_cut_at_any_place_is_the_same_request(string name)
    {
        byte[] input = Golden("request", name);
        string whole = ReadRequest(input, input.Length);
        for (int cut = 0; cut <= input.Length; cut++)
            Assert.Equal(whole, ReadRequest(input, cut));
        Assert.Equal(whole, ReadRequest(input, Enumerable.Range(1, input.Length)));
    }

    [Theory]
    [MemberData(nameof(Responses))]
    public void A_response_cut_at_any_place_is_the_same_response(string name)
    {
        byte[] input = Golden("response", name);
        string whole = ReadResponse(input, [input.Length]);
        for (int cut = 0; cut <= input.Length; cut++)
            Assert.Equal(whole, ReadResponse(input, [cut, input.Length]));
        Assert.Equal(whole, ReadResponse(input, Enumerable.Range(1, input.Length)));
    }

    [Fact]
    public void Waiting_for_the_end_of_a_line_looks_at_no_byte_twice()
    {
        // Were it so, a byte that is damaged after it was seen would be noticed.
        byte[] input = Wire.Bytes("GET /aaaaaaaaaa HTTP/1.1\r\nHost: h\r\nX: vvvvvvvvvv\r\n\r\n");
        foreach (int place in (int[])[6, 40])
        {
            byte[] received = [.. input];
            var head = new RequestHead();
            int scanned = 0;
            Assert.Equal(ParseStatus.NeedMore, Parse(received, place + 1, ref scanned, head));
            byte kept = received[place];
            received[place] = 0;
            Assert.Equal(ParseStatus.NeedMore, Parse(received, place + 2, ref scanned, head));
            received[place] = kept;
            Assert.Equal(ParseStatus.Complete, Parse(received, received.Length, ref scanned, head));
        }
    }

    [Fact]
    public void Waiting_for_the_end_of_a_reason_looks_at_no_byte_twice()
    {
        byte[] received = Wire.Bytes("HTTP/1.1 200 a long reason\r\n\r\n");
        var head = new ResponseHead();
        int scanned = 0;
        foreach (int length in (int[])[18, 20])
        {
            ParseStatus status = ResponseParser.Parse(
                received.AsSpan(0, length), ref scanned, head, Method.Get, HttpLimits.Default);
            Assert.Equal(ParseStatus.NeedMore, status);
            received[15] = (byte)'\n';
        }
    }

    private static string ReadRequest(byte[] input, int cut) => ReadRequest(input, [cut, input.Length]);

    private static string ReadRequest(byte[] input, IEnumerable<int> lengths)
    {
        var head = new RequestHead();
        int scanned = 0;
        ParseStatus status = ParseStatus.NeedMore;
        foreach (int length in lengths)
        {
            status = Parse(input, length, ref scanned, head);
            if (status != ParseStatus.NeedMore)
                break;
        }
        return HeadText.Of(status, head, input);
    }

    private static string ReadResponse(byte[] input, IEnumerable<int> lengths)
    {
        var head = new ResponseHead();
        int scanned = 0;
        ParseStatus status = ParseStatus.NeedMore;
        foreach (int length in lengths)
        {
            status = ResponseParser.Parse(input.AsSpan(0, length), ref scanned, head, Method.Get, HttpLimits.Default);
            if (status != ParseStatus.NeedMore)
                break;
        }
        return HeadText.Of(status, head, input);
    }

    private static ParseStatus Parse(byte[] input, int length, ref int scanned, RequestHead head) =>
        RequestParser.Parse(input.AsSpan(0, length), ref scanned, head, HttpLimits.Default);

    private static TheoryData<string> Names(string target) =>
        [.. Directory.GetFiles(Folder(target)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static byte[] Golden(string target, string name) => File.ReadAllBytes(Path.Combine(Folder(target), name));

    private static string Folder(string target) => Path.Combine(AppContext.BaseDirectory, "corpus", target);
}
