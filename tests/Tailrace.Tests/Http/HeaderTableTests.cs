using Tailrace.Http;

namespace Tailrace.Tests.Http;

public sealed class HeaderTableTests
{
    private const string Text =
        "GET / HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nAccept: a\r\nx-one: 2\r\naccept: b\r\n\r\n";

    [Fact]
    public void Fields_stand_in_the_order_of_their_lines()
    {
        HeaderTable table = Wire.Request(Text).Headers;
        Assert.Equal(5, table.Count);
        Assert.Equal("x-one", Wire.Text(table[3].Name, Text));
        Assert.Equal("2", Wire.Text(table[3].Value, Text));
        Assert.Equal(table.Count, table.Fields.Length);
    }

    [Fact]
    public void Lines_are_contiguous()
    {
        RequestHead head = Wire.Request(Text);
        int start = "GET / HTTP/1.1\r\n".Length;
        foreach (HeaderField field in head.Headers.Fields)
        {
            Assert.Equal(start, field.Name.Offset);
            start = field.LineEnd;
        }
        Assert.Equal(head.Length - 2, start);
    }

    [Fact]
    public void A_well_known_field_is_found_at_its_first_line()
    {
        HeaderTable table = Wire.Request(Text).Headers;
        Assert.True(table.TryFind(KnownHeader.Accept, out HeaderField field));
        Assert.Equal("a", Wire.Text(field.Value, Text));
        Assert.False(table.TryFind(KnownHeader.Cookie, out _));
        Assert.False(table.TryFind(KnownHeader.Other, out _));
    }

    [Fact]
    public void A_field_is_found_by_name_in_any_case()
    {
        HeaderTable table = Wire.Request(Text).Headers;
        Assert.True(table.TryFind("X-ONE"u8, Wire.Bytes(Text), out HeaderField field));
        Assert.Equal("1", Wire.Text(field.Value, Text));
        Assert.False(table.TryFind("X-Two"u8, Wire.Bytes(Text), out _));
    }

    [Fact]
    public void The_sets_say_what_occurs_and_what_occurs_again()
    {
        HeaderTable table = Wire.Request(Text).Headers;
        Assert.Equal(KnownHeaders.Bit(KnownHeader.Host) | KnownHeaders.Bit(KnownHeader.Accept), table.Known);
        Assert.Equal(KnownHeaders.Bit(KnownHeader.Accept), table.Repeated);
        Assert.True(table.Has(KnownHeader.Host));
        Assert.False(table.Has(KnownHeader.Cookie));
    }

    [Fact]
    public void Nothing_is_left_after_clearing()
    {
        HeaderTable table = Wire.Request(Text).Headers;
        table.Clear();
        Assert.Equal(0, table.Count);
        Assert.Equal(0ul, table.Known);
        Assert.Equal(0ul, table.Repeated);
        Assert.False(table.TryFind(KnownHeader.Host, out _));
    }

    [Fact]
    public void A_full_table_takes_no_more()
    {
        var table = new HeaderTable(1);
        Assert.True(table.TryAdd(default));
        Assert.False(table.TryAdd(default));
        Assert.Equal(1, table.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => new HeaderTable(-1));
    }
}
