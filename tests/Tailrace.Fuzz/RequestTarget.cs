using Tailrace.Http;
using Tailrace.Http.H1;
using Tailrace.Memory;

namespace Tailrace.Fuzz;

/// <summary>Request heads: read whole, read in pieces, and written again.</summary>
public sealed class RequestTarget : IFuzzTarget
{
    private readonly RequestHead _whole = new();
    private readonly RequestHead _split = new();

    /// <inheritdoc />
    public string Name => "request";

    /// <inheritdoc />
    public string? Check(byte[] input, Random random)
    {
        HttpLimits limits = Limits.Pick(random);
        int scanned = 0;
        ParseStatus status = RequestParser.Parse(input, ref scanned, _whole, limits);
        string whole = HeadText.Of(status, _whole, input);
        string split = ReadInPieces(input, random, limits);
        if (split != whole)
            return $"in pieces it reads\n{split}\nbut whole\n{whole}";
        return status == ParseStatus.Complete
            ? HeadChecks.Of(_whole, input, limits) ?? CheckRewritten(input, whole)
            : null;
    }

    private string ReadInPieces(byte[] input, Random random, HttpLimits limits)
    {
        int scanned = 0;
        int step = random.Next(2) == 0 ? 1 : 40;
        int length = 0;
        ParseStatus status;
        do
        {
            length = Math.Min(length + random.Next(1, step + 1), input.Length);
            // A copy, so that reading behind what has come is an error and not luck.
            byte[] received = input[..length];
            status = RequestParser.Parse(received, ref scanned, _split, limits);
        }
        while (status == ParseStatus.NeedMore && length < input.Length);
        return HeadText.Of(status, _split, input);
    }

    /// <summary>Writes the accepted head as the proxy would, and reads that.</summary>
    private string? CheckRewritten(byte[] input, string whole)
    {
        Span<byte> output = new byte[input.Length * 2 + 64];
        var writer = new HeadWriter(output);
        writer.Write(_whole.MethodText.In(input));
        writer.WriteByte((byte)' ');
        writer.Write(_whole.Target.In(input));
        writer.Write(_whole.MinorVersion == 0 ? " HTTP/1.0\r\n"u8 : " HTTP/1.1\r\n"u8);
        foreach (ref readonly HeaderField field in _whole.Headers.Fields)
            writer.WriteHeader(field.Name.In(input), field.Value.In(input));
        writer.WriteCrlf();
        if (writer.Overflowed)
            return "the head grew beyond all measure";
        int scanned = 0;
        HttpLimits wide = new() { HeadBytesMax = output.Length, TargetLengthMax = output.Length };
        ParseStatus status = RequestParser.Parse(writer.Written, ref scanned, _split, wide);
        string again = HeadText.Of(status, _split, writer.Written);
        return again == whole ? null : $"written again it reads\n{again}\nbut was\n{whole}";
    }
}
