using FsCheck;
using FsCheck.Fluent;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Memory;

namespace Tailrace.Tests.Http.H1;

/// <summary>What is written by the rules is read back as it was meant.</summary>
public sealed class PropertyTests
{
    private const string TokenBytes = "!#$%&'*+-.^_`|~019AZaz";

    private static readonly Gen<string> Token = Text(TokenBytes, 1, 20);

    private static readonly Gen<string> Value =
        Text("aZ09 \t,;=:\"\\()\u0080\u00ff", 0, 40).Select(text => text.Trim(' ', '\t'));

    private static readonly Gen<string> Target =
        Text("aZ09/?%.-_~!$&'()*+,;=:@[]{}|^\\\"<>`", 0, 40).Select(text => "/" + text);

    private static readonly Gen<(string Name, string Value)[]> Fields =
        Token.Zip(Value).Select(pair => (pair.Item1, pair.Item2)).ArrayOf()
            .Select(fields => fields.Where(field => IsPlain(field.Item1)).Take(90).ToArray());

    [Fact]
    public void A_request_reads_back_as_it_was_written() =>
        Prop.ForAll(
            Arb.From(Token.Zip(Target).Zip(Fields)),
            sample =>
            {
                ((string method, string target), (string Name, string Value)[] fields) = sample;
                if (method == "CONNECT")
                    return;
                var writer = new HeadWriter(new byte[12000]);
                writer.WriteRequestLine(Wire.Bytes(method), Wire.Bytes(target));
                writer.WriteHeader("Host"u8, "h"u8);
                foreach ((string name, string value) in fields)
                    writer.WriteHeader(Wire.Bytes(name), Wire.Bytes(value));
                writer.WriteCrlf();
                Assert.False(writer.Overflowed);
                string text = Wire.Text(writer.Written);
                RequestHead head = Wire.Request(text);
                Assert.Equal(method, Wire.Text(head.MethodText, text));
                Assert.Equal(target, Wire.Text(head.Target, text));
                string[] parts = target.Split('?', 2);
                Assert.Equal(parts[0], Wire.Text(head.Path, text));
                Assert.Equal(parts.Length > 1 ? parts[1] : "", Wire.Text(head.Query, text));
                AssertFields(fields, head.Headers, 1, text);
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_response_reads_back_as_it_was_written() =>
        Prop.ForAll(
            Arb.From(Gen.Choose(100, 599).Zip(Value).Zip(Fields)),
            sample =>
            {
                ((int status, string reason), (string Name, string Value)[] fields) = sample;
                var writer = new HeadWriter(new byte[12000]);
                writer.WriteStatusLine(status, Wire.Bytes(reason));
                foreach ((string name, string value) in fields)
                    writer.WriteHeader(Wire.Bytes(name), Wire.Bytes(value));
                writer.WriteCrlf();
                Assert.False(writer.Overflowed);
                string text = Wire.Text(writer.Written);
                ResponseHead head = Wire.Response(text);
                Assert.Equal(status, head.Status);
                Assert.Equal(reason, Wire.Text(head.Reason, text));
                AssertFields(fields, head.Headers, 0, text);
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void Chunks_come_apart_as_they_were_put_together_however_they_are_split() =>
        Prop.ForAll(
            Arb.From(Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf().ArrayOf().Zip(Gen.Choose(1, 50))),
            sample =>
            {
                (byte[][] chunks, int piece) = sample;
                var encoded = new MemoryStream();
                Span<byte> header = stackalloc byte[ChunkedEncoder.HeaderBytesMax];
                foreach (byte[] chunk in chunks.Where(chunk => chunk.Length > 0))
                {
                    encoded.Write(header[..ChunkedEncoder.WriteHeader(chunk.Length, header)]);
                    encoded.Write(chunk);
                    encoded.Write(ChunkedEncoder.ChunkEnd);
                }
                encoded.Write(ChunkedEncoder.LastChunk);
                byte[] input = encoded.ToArray();
                Assert.Equal(chunks.SelectMany(chunk => chunk), Decode(input, piece));
            }).QuickCheckThrowOnFailure();

    private static byte[] Decode(byte[] input, int piece)
    {
        var decoder = default(ChunkedDecoder);
        decoder.Reset(HttpLimits.Default);
        var data = new MemoryStream();
        int start = 0;
        int end = 0;
        while (true)
        {
            ReadOnlySpan<byte> buffer = input.AsSpan(start, end - start);
            ChunkStep step = decoder.Next(buffer, out int consumed, out ByteSlice slice);
            data.Write(slice.In(buffer));
            start += consumed;
            if (step == ChunkStep.End)
                break;
            Assert.NotEqual(ChunkStep.Rejected, step);
            if (step == ChunkStep.NeedMore)
            {
                Assert.True(end < input.Length, "it wants more than there is");
                end = Math.Min(end + piece, input.Length);
            }
        }
        Assert.Equal(input.Length, start);
        return data.ToArray();
    }

    private static void AssertFields((string Name, string Value)[] fields, HeaderTable table, int first, string text)
    {
        Assert.Equal(first + fields.Length, table.Count);
        for (int i = 0; i < fields.Length; i++)
        {
            Assert.Equal(fields[i].Name, Wire.Text(table[first + i].Name, text));
            Assert.Equal(fields[i].Value, Wire.Text(table[first + i].Value, text));
        }
    }

    /// <summary>Fields with rules of their own are the subject of other tests.</summary>
    private static bool IsPlain(string name) => KnownHeaders.Find(Wire.Bytes(name)) == KnownHeader.Other;

    private static Gen<string> Text(string alphabet, int min, int max) =>
        Gen.Choose(min, max).SelectMany(length =>
            Gen.Elements(alphabet.ToCharArray()).ArrayOf(length).Select(characters => new string(characters)));
}
