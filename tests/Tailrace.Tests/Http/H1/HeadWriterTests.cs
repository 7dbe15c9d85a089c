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

    [Fact]
    public void Short_text_is_copied_whole_and_nothing_beside_it()
    {
        byte[] text = [.. Enumerable.Range('0', 160).Select(value => (byte)value)];
        for (int length = 0; length <= 140; length++)
        {
            byte[] output = new byte[length + 10];
            var writer = new HeadWriter(output.AsSpan(5, length));
            writer.WriteShort(text.AsSpan(7, length));
            Assert.False(writer.Overflowed);
            Assert.Equal(length, writer.Length);
            Assert.Equal([.. new byte[5], .. text[7..(7 + length)], .. new byte[5]], output);
            if (length == 0)
                continue;
            Array.Clear(output);
            writer = new HeadWriter(output.AsSpan(5, length - 1));
            writer.WriteShort(text.AsSpan(7, length));
            Assert.True(writer.Overflowed);
            Assert.Equal(new byte[length + 10], output);
        }
    }

    [Fact]
    public void Numbers_are_written_in_as_little_room_as_they_need()
    {
        for (int number = 0; number <= 1000; number++)
        {
            string text = $"{number}";
            for (int room = 0; room <= 6; room++)
            {
                byte[] output = [.. Enumerable.Repeat((byte)'.', 10)];
                var writer = new HeadWriter(output.AsSpan(2, room));
                writer.WriteNumber(number);
                Assert.Equal(room < text.Length, writer.Overflowed);
                Assert.Equal("..", Wire.Text(output.AsSpan(0, 2)));
                Assert.Equal(new string('.', 8 - room), Wire.Text(output.AsSpan(2 + room)));
                if (!writer.Overflowed)
                    Assert.Equal(text, Wire.Text(writer.Written));
            }
        }
    }
}
