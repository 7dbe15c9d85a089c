using System.Text;
using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Memory;

namespace Tailrace.Fuzz;

/// <summary>Chunked bodies: taken apart whole and in pieces, and put together again.</summary>
public sealed class ChunkedBodyTarget : IFuzzTarget
{
    /// <inheritdoc />
    public string Name => "chunked";

    /// <inheritdoc />
    public string? Check(byte[] input, Random random)
    {
        HttpLimits limits = Limits.Pick(random);
        Reading whole = Read(input, limits, () => input.Length);
        int step = random.Next(2) == 0 ? 1 : 40;
        Reading split = Read(input, limits, () => random.Next(1, step + 1));
        if (split.ToString() != whole.ToString())
            return $"in pieces it reads\n{split}\nbut whole\n{whole}";
        if (limits.BodyBytesMax > 0 && whole.Data.Length > limits.BodyBytesMax)
            return "more body came out than the limit allows";
        if (whole.Data.Length > input.Length)
            return "more came out than went in";
        if (whole.Last != ChunkStep.End)
            return null;
        return CheckTrailers(whole.Trailers, limits) ?? CheckEncodedAgain(whole.Data, random);
    }

    private sealed record Reading(ChunkStep Last, Rejection Rejection, byte[] Data, byte[] Trailers, int Consumed)
    {
        /// <summary>What may not depend on how the input was split. Where a rejection is noticed, may.</summary>
        public override string ToString() =>
            $"{Last} {Rejection} {Convert.ToHexString(Data)} {Encoding.Latin1.GetString(Trailers)}"
            + (Last == ChunkStep.End ? $" {Consumed}" : "");
    }

    /// <summary>
    /// Drives the decoder as a session does: a buffer that grows by a piece and shrinks by what is consumed.
    /// </summary>
    private static Reading Read(byte[] input, HttpLimits limits, Func<int> nextPiece)
    {
        var decoder = default(ChunkedDecoder);
        decoder.Reset(limits);
        var data = new MemoryStream();
        byte[] trailers = [];
        ChunkStep step = ChunkStep.NeedMore;
        int start = 0;
        int end = 0;
        while (step is ChunkStep.NeedMore or ChunkStep.Data)
        {
            if (step == ChunkStep.NeedMore)
            {
                if (end == input.Length)
                    break;
                end = Math.Min(end + nextPiece(), input.Length);
            }
            byte[] buffer = input[start..end];
            step = decoder.Next(buffer, out int consumed, out ByteSlice slice);
            data.Write(slice.In(buffer));
            if (step == ChunkStep.End)
                trailers = decoder.Trailers.In(buffer).ToArray();
            start += consumed;
        }
        if (decoder.BodyBytes != data.Length)
            throw new InvalidOperationException($"counted {decoder.BodyBytes} bytes of {data.Length}");
        return new(step, decoder.Rejection, data.ToArray(), trailers, start);
    }

    private static string? CheckTrailers(byte[] trailers, HttpLimits limits)
    {
        if (trailers.Length + 2 > limits.TrailerBytesMax)
            return "trailers passed the limit";
        byte[] output = new byte[trailers.Length];
        if (!TrailerFilter.TryCopy(trailers, output, out int written))
            return "filtered trailers are longer than before";
        byte[] again = new byte[written];
        return TrailerFilter.TryCopy(output.AsSpan(0, written), again, out int same) && same == written
            && again.AsSpan().SequenceEqual(output.AsSpan(0, written))
                ? null
                : "filtering filtered trailers changes them";
    }

    private static string? CheckEncodedAgain(byte[] data, Random random)
    {
        var encoded = new MemoryStream();
        Span<byte> header = stackalloc byte[ChunkedEncoder.HeaderBytesMax];
        for (int start = 0; start < data.Length;)
        {
            int size = Math.Min(random.Next(1, 64), data.Length - start);
            encoded.Write(header[..ChunkedEncoder.WriteHeader(size, header)]);
            encoded.Write(data, start, size);
            encoded.Write(ChunkedEncoder.ChunkEnd);
            start += size;
        }
        encoded.Write(ChunkedEncoder.LastChunk);
        Reading again = Read(encoded.ToArray(), HttpLimits.Default, () => random.Next(1, 20));
        return again.Last == ChunkStep.End && again.Data.AsSpan().SequenceEqual(data)
            ? null
            : "encoded again it differs";
    }
}
