using System.Net;
using Tailrace.Hosting.Names;

namespace Tailrace.Tests.Hosting.Names;

/// <summary>Questions and answers of name servers, as bytes.</summary>
public sealed class DnsMessageTests
{
    private const string Name = "_http._tcp.a.example";

    /// <summary>Two SRV records, whose names are pointers, and an address beside them.</summary>
    private static byte[] Sample =>
    [
        .. Convert.FromHexString("1234" + "8180" + "0001" + "0002" + "0000" + "0001"),
        5, .. "_http"u8, 4, .. "_tcp"u8, 1, .. "a"u8, 7, .. "example"u8, 0, 0, 33, 0, 1,
        .. Convert.FromHexString("c00c" + "0021" + "0001" + "0000003c" + "000b" + "0001" + "000a" + "1f90"),
        2, .. "o1"u8, 0xc0, 23,
        .. Convert.FromHexString("c00c" + "0021" + "0001" + "0000001e" + "000b" + "0002" + "0000" + "1f91"),
        2, .. "O2"u8, 0xc0, 23,
        2, .. "o1"u8, 0xc0, 23, .. Convert.FromHexString("0001" + "0001" + "0000003c" + "0004" + "0a000001"),
    ];

    [Fact]
    public void A_question_has_its_name_and_room_for_the_answer()
    {
        var question = DnsMessage.Ask(0x1234, Name, DnsType.Srv);
        Assert.Equal("12340100000100000000000105", Convert.ToHexString(question[..13]));
        Assert.Equal("0000210001" + "00002904D0000000000000", Convert.ToHexString(question[^16..]));
        var plain = DnsMessage.Ask(0x1234, Name, DnsType.Srv, isExtended: false);
        Assert.Equal("12340100000100000000000005", Convert.ToHexString(plain[..13]));
        Assert.Equal(question[13..^11], plain[13..]);
        Assert.Throws<DnsException>(() => DnsMessage.Ask(1, "a..b", DnsType.A));
        Assert.Throws<DnsException>(() => DnsMessage.Ask(1, new string('x', 64), DnsType.A));
        Assert.Throws<DnsException>(() => DnsMessage.Ask(1, string.Join('.', Enumerable.Repeat("abcdefgh", 40)), DnsType.A));
    }

    [Fact]
    public void An_answer_has_its_records()
    {
        var reply = DnsMessage.Read(Sample, 0x1234, Name, DnsType.Srv)!;
        Assert.Equal((0, false), (reply.Code, reply.IsTruncated));
        Assert.Equal(
            [("o1.a.example", 1, 10, 8080, 60u), ("o2.a.example", 2, 0, 8081, 30u)],
            reply.Answers.Select(one => (one.Target, one.Priority, one.Weight, one.Port, one.Ttl)));
        Assert.Equal(("o1.a.example", IPAddress.Parse("10.0.0.1")), (reply.Others[0].Name, reply.Others[0].Address));
    }

    [Fact]
    public void What_is_no_answer_to_the_question_is_none()
    {
        Assert.Null(DnsMessage.Read(Sample, 0x1235, Name, DnsType.Srv));
        Assert.Null(DnsMessage.Read(Sample, 0x1234, "_http._tcp.b.example", DnsType.Srv));
        Assert.Null(DnsMessage.Read(Sample, 0x1234, Name, DnsType.A));
        Assert.Null(DnsMessage.Read(DnsMessage.Ask(0x1234, Name, DnsType.Srv), 0x1234, Name, DnsType.Srv));
    }

    [Fact]
    public void A_refusal_need_not_repeat_the_question()
    {
        foreach (var (code, isAnswer) in new[] { ("1", true), ("4", true), ("0", false), ("2", false), ("3", false) })
        {
            var message = Convert.FromHexString("1234" + "818" + code + "0000" + "0000" + "0000" + "0000");
            Assert.Equal(isAnswer, DnsMessage.Read(message, 0x1234, Name, DnsType.Srv) is not null);
            Assert.Null(DnsMessage.Read(message, 0x1235, Name, DnsType.Srv));
        }
    }

    [Fact]
    public void Too_many_records_are_told_unless_there_are_more_elsewhere()
    {
        var message = Sample;
        message[6] = 3;
        Assert.Throws<DnsException>(() => DnsMessage.Read(message, 0x1234, Name, DnsType.Srv));
        message[2] |= 0x02;
        Assert.True(DnsMessage.Read(message, 0x1234, Name, DnsType.Srv)!.IsTruncated);
    }

    [Fact]
    public void A_label_with_a_dot_is_refused()
    {
        var message = Sample;
        message[message.AsSpan().IndexOf("o1"u8)] = (byte)'.';
        Assert.Null(DnsMessage.Read(message, 0x1234, Name, DnsType.Srv));
    }

    [Fact]
    public void Cut_at_any_byte_it_is_none()
    {
        for (var length = 0; length < Sample.Length; length++)
            Assert.Null(DnsMessage.Read(Sample.AsSpan(0, length), 0x1234, Name, DnsType.Srv));
    }

    [Fact]
    public void Pointers_in_a_circle_come_to_an_end()
    {
        var message = Sample;
        message[12] = 0xc0;
        message[13] = 12;
        Assert.Null(DnsMessage.Read(message, 0x1234, Name, DnsType.Srv));
    }

    [Fact]
    public void Any_bytes_are_an_answer_or_none()
    {
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var message = Sample;
            for (var j = random.Next(1, 8); j > 0; j--) message[random.Next(message.Length)] = (byte)random.Next(256);
            Read(message);
        }

        static void Read(byte[] message)
        {
            try
            {
                DnsMessage.Read(message, 0x1234, Name, DnsType.Srv);
            }
            catch (DnsException)
            {
                // It says that it has more records than are taken.
            }
        }
    }
}
