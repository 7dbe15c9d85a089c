using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Tests.Http.H1;

public sealed class HeadWriterTests
{
    [Fact]
    public void A_head_is_written_line_by_line()
    {
        var writer = new HeadWriter(new byte[100]);
        writer.WriteRequestLine("GET"u8, "/x"u8);
        writer.WriteHeader("Host"u8, "h"u8);
        writer.WriteHeader("Content-Length"u8, long.MaxValue);
        writer.WriteByte((byte)'a');
        writer.WriteNumber(-1);
        writer.WriteCrlf();
        const string Expected =
            "GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\na-1\r\n";
        Assert.Equal(Expected, Wire.Text(writer.Written));
        Assert.Equal(Expected.Length, writer.Length);
        Assert.False(writer.Overflowed);
    }

    [Fact]
    public void Every_status_has_a_status_line_that_reads_back()
    {
        for (int status = 100; status <= 599; status++)
        {
            var writer = new HeadWriter(new byte[100]);
            writer.WriteStatusLine(status);
            Assert.Equal($"HTTP/1.1 {status} {Wire.Text(StatusText.Of(status))}\r\n", Wire.Text(writer.Written));
            writer.WriteCrlf();
            Assert.Equal(status, Wire.Response(Wire.Text(writer.Written)).Status);
        }
        var own = new HeadWriter(new byte[100]);
        own.WriteStatusLine(200, "Fine"u8);
        Assert.Equal("HTTP/1.1 200 Fine\r\n", Wire.Text(own.Written));
    }

    [Fact]
    public void What_does_not_fit_is_remembered_and_nothing_follows_it()
    {
        for (int size = 0; size < 28; size++)
        {
            var writer = new HeadWriter(new byte[size]);
            writer.WriteStatusLine(299);
            writer.WriteHeader("a"u8, 5);
            writer.WriteByte((byte)'x');
            writer.WriteByte((byte)'y');
            writer.WriteCrlf();
            writer.WriteHeader("b"u8, "c"u8);
            Assert.True(writer.Overflowed, $"{size} bytes were enough");
            Assert.Equal(size, writer.Length);
        }
        byte[] output = new byte[5];
        var full = new HeadWriter(output);
        full.Write("too long"u8);
        full.Write("fits"u8);
        Assert.Equal(new byte[5], output);
    }
}
