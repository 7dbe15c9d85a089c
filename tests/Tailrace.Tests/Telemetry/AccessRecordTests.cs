using System.Text;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Telemetry;

public sealed class AccessRecordTests
{
    [Fact]
    public void A_record_gives_back_what_it_was_given()
    {
        AccessEntry entry = Decode(new AccessEntry
        {
            UnixMilliseconds = 1,
            DurationMicroseconds = 2,
            BytesSent = long.MaxValue,
            BytesReceived = 4,
            Status = 503,
            Client = "::1"u8,
            Method = "GET"u8,
            Target = "/x?y"u8,
            Protocol = "HTTP/1.1"u8,
            Host = "a.example"u8,
            Upstream = "10.0.0.1:80"u8,
            Referer = "http://r/"u8,
            UserAgent = "curl/8"u8,
            End = "client-closed"u8,
            Listener = "main"u8,
        });

        Assert.Equal(
            (1L, 2L, long.MaxValue, 4L, 503),
            (entry.UnixMilliseconds, entry.DurationMicroseconds, entry.BytesSent, entry.BytesReceived, entry.Status));
        Assert.Equal(
            ["::1", "GET", "/x?y", "HTTP/1.1", "a.example", "10.0.0.1:80", "http://r/", "curl/8", "client-closed", "main"],
            [
                Text(entry.Client), Text(entry.Method), Text(entry.Target), Text(entry.Protocol), Text(entry.Host),
                Text(entry.Upstream), Text(entry.Referer), Text(entry.UserAgent), Text(entry.End), Text(entry.Listener),
            ]);
    }

    [Fact]
    public void Texts_that_are_too_long_are_cut_and_say_so()
    {
        byte[] text = Letters(70_000);
        AccessEntry entry = Decode(new AccessEntry
        {
            Client = text,
            Method = text,
            Target = text,
            Protocol = text,
            Host = text,
            Upstream = text,
            Referer = text,
            UserAgent = text,
        });

        Assert.Equal(new string('a', 29) + "...", Text(entry.Method));
        Assert.Equal(new string('a', 125) + "...", Text(entry.Host));
        Assert.EndsWith("a...", Text(entry.UserAgent));
        Assert.EndsWith("a...", Text(entry.Target));
        Assert.True(entry.Target.Length >= 280, $"{entry.Target.Length}");
    }

    [Fact]
    public void A_target_has_the_room_that_other_texts_leave() =>
        Assert.Equal(960, Decode(new AccessEntry { Target = Letters(960) }).Target.Length);

    private static byte[] Letters(int count) => Encoding.ASCII.GetBytes(new string('a', count));

    private static AccessEntry Decode(in AccessEntry entry)
    {
        var record = new byte[AccessRecord.Size];
        AccessRecord.Encode(entry, record);
        return AccessRecord.Decode(record);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetString(bytes);
}
