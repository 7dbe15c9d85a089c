using System.Text;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Memory;

namespace Tailrace.Tests.Http.H1;

public sealed class ChunkedTests
{
    [Theory]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello")]
    [InlineData("A\r\n0123456789\r\n0\r\n\r\n", "0123456789")]
    [InlineData("a\r\n0123456789\r\n0\r\n\r\n", "0123456789")]
    [InlineData("005\r\nhello\r\n000\r\n\r\n", "hello")]
    [InlineData("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello")]
    [InlineData("5;a=\"b;c=d\\\"e\\\\\"\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5 ; a = b;c\t=\t\"\" \t;d\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n\r\n")]
    public void A_body_is_taken_apart(string input, string expected)
    {
        Reading reading = Reading.Of(input + "GET / HTTP/1.1\r\n");
        Assert.Equal((ChunkStep.End, expected, Rejection.None), (reading.Last, reading.Body, reading.Rejection));
        Assert.Equal(input.Length, reading.Consumed);
        Assert.Equal("", reading.Trailers);
    }

    [Theory]
    [InlineData("0x5\r\n", "")]
    [InlineData("+5\r\n", "")]
    [InlineData("-5\r\n", "")]
    [InlineData("g\r\n", "")]
    [InlineData("\r\n", "")]
    [InlineData("0_5\r\n", "")]
    [InlineData("\"5\"\r\n", "")]
    [InlineData("5,5\r\n", "")]
    [InlineData("5 5\r\n", "")]
    [InlineData("5.\r\n", "")]
    [InlineData("5h\r\n", "")]
    [InlineData("5\0\r\n", "")]
    [InlineData("5\v\r\n", "")]
    [InlineData(" 5\r\n", "")]
    [InlineData("5 \r\n", "")]
    [InlineData("5\t\r\n", "")]
    [InlineData("5\n", "")]
    [InlineData("5\rh", "")]
    [InlineData("5\r\r\n", "")]
    [InlineData("5;\r\n", "")]
    [InlineData("5;a \r\n", "")]
    [InlineData("5;a=\r\n", "")]
    [InlineData("5;a=b c\r\n", "")]
    [InlineData("5;;a\r\n", "")]
    [InlineData("5;\nxx\r\n", "")]
    [InlineData("5;\rxx\r\n", "")]
    [InlineData("5;a\0\r\n", "")]
    [InlineData("5;a=\"\r\n\"\r\n", "")]
    [InlineData("5;a=\"b\"c\r\n", "")]
    [InlineData("10000000000000005\r\n", "")]
    [InlineData("FFFFFFFFFFFFFFFF\r\n", "")]
    [InlineData("8000000000000000\r\n", "")]
    [InlineData("00000000000000005\r\n", "")]
    [InlineData("5\r\nhelloXX0\r\n\r\n", "hello")]
    [InlineData("5\r\nhello\n0\r\n\r\n", "hello")]
    [InlineData("5\r\nhello\r0\r\n\r\n", "hello")]
    [InlineData("5\r\nhello0\r\n\r\n", "hello")]
    [InlineData("5\r\nhello \r\n0\r\n\r\n", "hello")]
    [InlineData("3\r\nhello\r\n0\r\n\r\n", "hel")]
    [InlineData("1\r\nx\r\n7fffffffffffffff\r\n", "x")]
    public void Framing_that_is_not_exact_is_rejected_after_what_was_right(string input, string body)
    {
        Reading reading = Reading.Of(input);
        Assert.Equal((ChunkStep.Rejected, body, Rejection.BadChunk), (reading.Last, reading.Body, reading.Rejection));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("7fffffffffffffff\r\nhello")]
    [InlineData("5;a")]
    [InlineData("5;a=\"")]
    [InlineData("5;a=\"\\\"")]
    [InlineData("5;a ")]
    [InlineData("5\r\nhello")]
    [InlineData("5\r\nhello\r")]
    [InlineData("0\r\n")]
    [InlineData("0\r\n\r")]
    [InlineData("0\r\nX-T: 1\r\n")]
    public void What_is_right_so_far_needs_more(string input) =>
        Assert.Equal(ChunkStep.NeedMore, Reading.Of(input).Last);

    [Theory]
    [InlineData("X-T: 1\r\n")]
    [InlineData("X-T: 1\r\nX-U:\r\nEmpty: \r\n")]
    public void Trailers_are_handed_on_as_lines(string trailers)
    {
        Reading reading = Reading.Of($"5\r\nhello\r\n0\r\n{trailers}\r\nGET");
        Assert.Equal((ChunkStep.End, "hello", trailers), (reading.Last, reading.Body, reading.Trailers));
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n", Rejection.BadHeaderName)]
    [InlineData("X-T : 1\r\n\r\n", Rejection.BadHeaderName)]
    [InlineData("GET /smuggled HTTP/1.1\r\n\r\n", Rejection.BadHeaderName)]
    [InlineData("X-T: 1\r\n 2\r\n\r\n", Rejection.ObsoleteFold)]
    [InlineData("X-T: 1\n\r\n", Rejection.BareLineFeed)]
    [InlineData("\n", Rejection.BareLineFeed)]
    [InlineData("\rX", Rejection.BareCarriageReturn)]
    [InlineData("X-T: a\0\r\n\r\n", Rejection.BadHeaderValue)]
    public void Trailers_obey_the_rules_of_fields(string trailers, Rejection expected)
    {
        Reading reading = Reading.Of("0\r\n" + trailers);
        Assert.Equal((ChunkStep.Rejected, expected), (reading.Last, reading.Rejection));
    }

    [Fact]
    public void Sizes_are_limited()
    {
        var limits = new HttpLimits
        {
            BodyBytesMax = 5,
            ChunkExtensionBytesMax = 4,
            ChunkExtensionTotalBytesMax = 6,
            TrailerBytesMax = 10,
        };
        Assert.Equal(Rejection.None, Reading.Of("5;abc\r\nhello\r\n0;a\r\nX: 345\r\n\r\n", limits).Rejection);
        Assert.Equal(Rejection.BodyTooLarge, Reading.Of("6\r\n", limits).Rejection);
        Assert.Equal(Rejection.BodyTooLarge, Reading.Of("3\r\nhel\r\n3\r\n", limits).Rejection);
        Assert.Equal(Rejection.ChunkExtensionsTooLarge, Reading.Of("5;abcd", limits).Rejection);
        Assert.Equal(
            Rejection.ChunkExtensionsTooLarge, Reading.Of("1;abc\r\nx\r\n1;ab\r\nx\r\n", limits).Rejection);
        Assert.Equal(Rejection.TrailersTooLarge, Reading.Of("0\r\nX: 3456\r\n\r\n", limits).Rejection);
        Assert.Equal(Rejection.TrailersTooLarge, Reading.Of("0\r\nX: 3456789", limits).Rejection);
    }

    [Fact]
    public void What_comes_after_the_end_is_left_alone()
    {
        var decoder = default(ChunkedDecoder);
        decoder.Reset(HttpLimits.Default);
        Assert.Equal(ChunkStep.End, decoder.Next("0\r\n\r\nGET"u8, out int consumed, out _));
        Assert.Equal(5, consumed);
        Assert.Equal(ChunkStep.End, decoder.Next("GET"u8, out consumed, out _));
        Assert.Equal(0, consumed);
        decoder.Reset(HttpLimits.Default);
        Assert.Equal(ChunkStep.Rejected, decoder.Next("x"u8, out _, out _));
        Assert.Equal(ChunkStep.Rejected, decoder.Next("0\r\n\r\n"u8, out consumed, out _));
        Assert.Equal(0, consumed);
    }

    [Fact]
    public void A_whole_chunk_is_consumed_in_one_step_with_its_data_in_place()
    {
        var decoder = default(ChunkedDecoder);
        decoder.Reset(HttpLimits.Default);
        Assert.Equal(ChunkStep.Data, decoder.Next("5\r\nhello\r\n2\r\n"u8, out int consumed, out ByteSlice data));
        Assert.Equal((10, new ByteSlice(3, 5), 5L), (consumed, data, decoder.BodyBytes));
    }

    [Theory]
    [InlineData(1, "1\r\n")]
    [InlineData(15, "f\r\n")]
    [InlineData(16, "10\r\n")]
    [InlineData(255, "ff\r\n")]
    [InlineData(65536, "10000\r\n")]
    [InlineData(long.MaxValue, "7fffffffffffffff\r\n")]
    public void A_chunk_header_is_its_size_in_hexadecimal(long size, string expected)
    {
        Span<byte> output = stackalloc byte[ChunkedEncoder.HeaderBytesMax];
        int length = ChunkedEncoder.WriteHeader(size, output);
        Assert.Equal(expected, Wire.Text(output[..length]));
    }

    [Fact]
    public void The_ends_of_a_body_are_those_of_the_RFC()
    {
        Assert.Equal("0\r\n\r\n", Wire.Text(ChunkedEncoder.LastChunk));
        Assert.Equal("0\r\n", Wire.Text(ChunkedEncoder.LastChunkHeader));
        Assert.Equal("\r\n", Wire.Text(ChunkedEncoder.ChunkEnd));
    }

    [Fact]
    public void Only_trailers_that_change_nothing_are_forwarded()
    {
        const string Allowed = "X-T: 1\r\nETag: \"x\"\r\nServer-Timing: a\r\ngrpc-status: 0\r\n";
        const string Forbidden = "content-length: 100\r\nTransfer-Encoding: chunked\r\nHost: evil\r\nConnection: x\r\n"
            + "Authorization: Basic eA==\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=x\r\nCookie: a=1\r\n"
            + "Set-Cookie: a=1\r\nContent-Type: x\r\nContent-Encoding: gzip\r\nCache-Control: no-store\r\nTE: x\r\n"
            + "Trailer: x\r\nExpect: 100-continue\r\nRange: bytes=0-\r\nUpgrade: x\r\nVia: x\r\n";
        byte[] output = new byte[Allowed.Length];
        Assert.True(TrailerFilter.TryCopy(Wire.Bytes(Forbidden + Allowed + Forbidden), output, out int written));
        Assert.Equal(Allowed, Wire.Text(output.AsSpan(0, written)));
        Assert.False(TrailerFilter.TryCopy(Wire.Bytes(Allowed), output.AsSpan(0, Allowed.Length - 1), out _));
        Assert.True(TrailerFilter.TryCopy([], [], out written));
        Assert.Equal(0, written);
    }

    private sealed record Reading(ChunkStep Last, string Body, Rejection Rejection, string Trailers, int Consumed)
    {
        public static Reading Of(string text, HttpLimits? limits = null)
        {
            byte[] input = Wire.Bytes(text);
            var decoder = default(ChunkedDecoder);
            decoder.Reset(limits ?? HttpLimits.Default);
            var body = new StringBuilder();
            int start = 0;
            while (true)
            {
                ReadOnlySpan<byte> rest = input.AsSpan(start);
                ChunkStep step = decoder.Next(rest, out int consumed, out ByteSlice data);
                body.Append(Wire.Text(data.In(rest)));
                start += consumed;
                if (step == ChunkStep.Data)
                    continue;
                string trailers = step == ChunkStep.End ? Wire.Text(decoder.Trailers.In(rest)) : "";
                return new(step, body.ToString(), decoder.Rejection, trailers, start);
            }
        }
    }
}
