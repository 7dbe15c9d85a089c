using System.Text;
using System.Text.Json;
using Tailrace.Config;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Telemetry;

public sealed class AccessLineBufferTests
{
    [Theory]
    [InlineData("10.0.0.1:5432", "10.0.0.1:5432")]
    [InlineData("", "-")]
    public void A_connection_has_its_end_in_place_of_a_request(string upstream, string shown)
    {
        var entry = new AccessEntry
        {
            UnixMilliseconds = 971_186_136_007,
            DurationMicroseconds = 3,
            BytesSent = 1,
            BytesReceived = 2,
            Client = "::1"u8,
            Protocol = "TCP"u8,
            Upstream = Encoding.ASCII.GetBytes(upstream),
            End = "client-reset"u8,
            Listener = "db \"1\""u8,
        };
        Assert.Equal(
            $"::1 - - [10/Oct/2000:13:55:36 +0000] \"TCP {shown} client-reset\" 0 1\n",
            Format(AccessLogFormat.Common, entry));
        Assert.Equal(
            """
            {"time":"2000-10-10T13:55:36.007Z","worker":3,"client":"::1","listener":"db \"1\"","host":"","protocol":"TCP",
            "end":"client-reset","bytes_sent":1,"bytes_received":2,"duration_us":3,"upstream":"UP"}
            """.ReplaceLineEndings("").Replace("UP", upstream) + "\n",
            Format(AccessLogFormat.Json, entry, worker: 3));
    }

    [Fact]
    public void Common_format()
    {
        Assert.Equal(
            "192.0.2.1 - - [10/Oct/2000:13:55:36 +0000] \"GET /a?b HTTP/1.0\" 200 2326\n",
            Format(AccessLogFormat.Common, new AccessEntry
            {
                UnixMilliseconds = 971_186_136_789,
                Client = "192.0.2.1"u8,
                Method = "GET"u8,
                Target = "/a?b"u8,
                Protocol = "HTTP/1.0"u8,
                Status = 200,
                BytesSent = 2326,
            }));
    }

    [Fact]
    public void Common_format_escapes_what_would_break_a_line()
    {
        Assert.Equal(
            "- - - [01/Jan/1970:00:00:00 +0000] \" /\\\"\\\\\\x0a\\x1b[1m\\xc3\\xa9 \" 0 0\n",
            Format(AccessLogFormat.Common, new AccessEntry { Target = "/\"\\\n\u001b[1m\u00e9"u8 }));
    }

    [Fact]
    public void Json_format()
    {
        Assert.Equal(
            """
            {"time":"2000-10-10T13:55:36.007Z","worker":3,"client":"::1","method":"PUT","host":"a.example",
            "target":"/t","protocol":"HTTP/1.1","status":201,"bytes_sent":1,"bytes_received":2,"duration_us":3,
            "upstream":"10.0.0.1:80","referer":"r","user_agent":"u"}
            """.ReplaceLineEndings("") + "\n",
            Format(AccessLogFormat.Json, new AccessEntry
            {
                UnixMilliseconds = 971_186_136_007,
                DurationMicroseconds = 3,
                BytesSent = 1,
                BytesReceived = 2,
                Status = 201,
                Client = "::1"u8,
                Method = "PUT"u8,
                Target = "/t"u8,
                Protocol = "HTTP/1.1"u8,
                Host = "a.example"u8,
                Upstream = "10.0.0.1:80"u8,
                Referer = "r"u8,
                UserAgent = "u"u8,
            }, worker: 3));
    }

    [Fact]
    public void Any_bytes_at_all_make_valid_json_on_one_line()
    {
        var random = new Random(20250102);
        var bytes = new byte[200];
        for (int round = 0; round < 2000; round++)
        {
            random.NextBytes(bytes);
            string line = Format(AccessLogFormat.Json, new AccessEntry { Target = bytes, Host = bytes.AsSpan(0, 9) });
            Assert.Equal(line.Length - 1, line.IndexOf('\n'));
            using JsonDocument json = JsonDocument.Parse(line);
            Assert.Equal(14, json.RootElement.EnumerateObject().Count());
        }
    }

    [Fact]
    public void Json_keeps_text_and_replaces_what_is_none()
    {
        byte[] target = [.. "\u00e9\u0001\"\\/"u8, 0xff, .. "z"u8];
        using JsonDocument json = JsonDocument.Parse(Format(AccessLogFormat.Json, new AccessEntry { Target = target }));
        Assert.Equal("\u00e9\u0001\"\\/\ufffdz", json.RootElement.GetProperty("target").GetString());
    }

    [Fact]
    public void The_longest_line_fits_the_room_that_was_promised()
    {
        byte[] text = new byte[2000];
        var record = new byte[AccessRecord.Size];
        AccessRecord.Encode(new AccessEntry
        {
            UnixMilliseconds = 253_402_300_799_999,
            DurationMicroseconds = long.MinValue,
            BytesSent = long.MinValue,
            BytesReceived = long.MinValue,
            Status = int.MinValue,
            Client = text,
            Method = text,
            Target = text,
            Protocol = text,
            Host = text,
            Upstream = text,
            Referer = text,
            UserAgent = text,
        }, record);

        var lines = new AccessLineBuffer();
        int count = 0;
        for (; lines.HasRoom; count++) lines.Append(AccessLogFormat.Json, AccessRecord.Decode(record), int.MinValue);

        Assert.Equal(count, lines.Count);
        Assert.True(lines.Written.Length > count * 900 * 6, "nothing was escaped");
        lines.Clear();
        Assert.Equal((0, 0), (lines.Count, lines.Written.Length));
    }

    private static string Format(AccessLogFormat format, in AccessEntry entry, int worker = 0)
    {
        var lines = new AccessLineBuffer();
        lines.Append(format, entry, worker);
        return Encoding.UTF8.GetString(lines.Written);
    }
}
