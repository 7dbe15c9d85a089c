using System.Buffers.Binary;
using Tailrace.Http;

namespace Tailrace.Tests.Http;

public sealed class KnownHeadersTests
{
    private static IEnumerable<KnownHeader> All => Enum.GetValues<KnownHeader>().Where(id => id != KnownHeader.Other);

    [Fact]
    public void There_are_as_many_names_as_members_and_a_set_holds_them()
    {
        Assert.Equal(Enum.GetValues<KnownHeader>().Length, KnownHeaders.Count);
        Assert.InRange(KnownHeaders.Count, 1, 64);
    }

    [Fact]
    public void Names_are_the_members_with_hyphens()
    {
        foreach (KnownHeader id in All)
        {
            string name = Wire.Text(KnownHeaders.Text(id)).Replace("-", "");
            Assert.Equal(id.ToString(), name, ignoreCase: true);
        }
        Assert.Equal("", Wire.Text(KnownHeaders.Text(KnownHeader.Other)));
    }

    [Fact]
    public void Names_are_found_in_any_case()
    {
        foreach (KnownHeader id in All)
        {
            string name = Wire.Text(KnownHeaders.Text(id));
            Assert.Equal(id, KnownHeaders.Find(Wire.Bytes(name)));
            Assert.Equal(id, KnownHeaders.Find(Wire.Bytes(name.ToUpperInvariant())));
            Assert.Equal(id, KnownHeaders.Find(Wire.Bytes(name.ToLowerInvariant())));
        }
    }

    [Fact]
    public void A_name_that_differs_in_one_byte_is_another_name()
    {
        foreach (KnownHeader id in All)
        {
            byte[] name = KnownHeaders.Text(id).ToArray();
            for (int i = 0; i < name.Length; i++)
            {
                byte kept = name[i];
                for (int value = 0x21; value < 0x7F; value++)
                {
                    if (!HttpSyntax.IsTokenByte((byte)value))
                        continue;
                    name[i] = (byte)value;
                    string text = Wire.Text(name);
                    KnownHeader expected = All.FirstOrDefault(
                        other => Wire.Text(KnownHeaders.Text(other)).Equals(text, StringComparison.OrdinalIgnoreCase));
                    Assert.Equal(expected, KnownHeaders.Find(name));
                }
                name[i] = kept;
            }
        }
    }

    [Fact]
    public void A_name_that_is_longer_or_shorter_is_another_name()
    {
        foreach (KnownHeader id in All)
        {
            string name = Wire.Text(KnownHeaders.Text(id));
            Assert.NotEqual(id, KnownHeaders.Find(Wire.Bytes(name + "s")));
            Assert.NotEqual(id, KnownHeaders.Find(Wire.Bytes("x" + name)));
            Assert.NotEqual(id, KnownHeaders.Find(Wire.Bytes(name[1..])));
            Assert.NotEqual(id, KnownHeaders.Find(Wire.Bytes(name[..^1])));
        }
        Assert.Equal(KnownHeader.Other, KnownHeaders.Find([]));
    }

    [Theory]
    [InlineData("tee")]
    [InlineData("connectinnection")]
    [InlineData("Keep-Alieep-Alive")]
    [InlineData("TransferXXEncoding")]
    public void A_name_with_the_first_and_last_bytes_of_another_is_another_name(string name) =>
        Assert.Equal(KnownHeader.Other, KnownHeaders.Find(Wire.Bytes(name)));

    [Fact]
    public void Places_come_of_little_endian_words()
    {
        foreach (KnownHeader id in All)
        {
            byte[] name = KnownHeaders.Text(id).ToArray();
            byte[] lower = [.. name.Select(value => (byte)(value | 0x20))];
            (ulong first, ulong last) = lower.Length switch
            {
                >= 8 => (BinaryPrimitives.ReadUInt64LittleEndian(lower),
                    BinaryPrimitives.ReadUInt64LittleEndian(lower.AsSpan(lower.Length - 8))),
                >= 4 => (BinaryPrimitives.ReadUInt32LittleEndian(lower)
                    | (ulong)BinaryPrimitives.ReadUInt32LittleEndian(lower.AsSpan(lower.Length - 4)) << 32, 0ul),
                _ => (lower[0] | (ulong)lower[lower.Length / 2] << 8 | (ulong)lower[^1] << 16 | 0x2020202020000000, 0ul),
            };
            Assert.Equal(new KnownHeaders.Words(first, last), KnownHeaders.Words.Of(ref name[0], name.Length));
        }
    }
}
