using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Fuzz;

/// <summary>Response heads: read whole, read in pieces, and written again.</summary>
public sealed class ResponseTarget : IFuzzTarget
{
    private readonly ResponseHead _whole = new();
    private readonly ResponseHead _split = new();

    /// <inheritdoc />
    public string Name => "response";

    /// <inheritdoc />
    public string? Check(byte[] input, Random random)
    {
        HttpLimits limits = Limits.Pick(random);
        Method method = (Method)random.Next((int)Method.Connect + 1);
        int scanned = 0;
        ParseStatus status = ResponseParser.Parse(input, ref scanned, _whole, method, limits);
        string whole = HeadText.Of(status, _whole, input);
        string split = ReadInPieces(input, method, random, limits);
        if (split != whole)
            return $"in pieces it reads\n{split}\nbut whole\n{whole}";
        return status == ParseStatus.Complete
            ? HeadChecks.Of(_whole, input, limits) ?? CheckRewritten(input, method, whole)
            : null;
    }

    private string ReadInPieces(byte[] input, Method method, Random random, HttpLimits limits)
    {
        int scanned = 0;
        int step = random.Next(2) == 0 ? 1 : 40;
        int length = 0;
        ParseStatus status;
        do
        {
            length = Math.Min(length + random.Next(1, step + 1), input.Length);
            byte[] received = input[..length];
            status = ResponseParser.Parse(received, ref scanned, _split, method, limits);
        }
        while (status == ParseStatus.NeedMore && length < input.Length);
        return HeadText.Of(status, _split, input);
    }

    private string? CheckRewritten(byte[] input, Method method, string whole)
    {
        Span<byte> output = new byte[input.Length * 2 + 64];
        var writer = new HeadWriter(output);
        writer.Write(_whole.MinorVersion == 0 ? "HTTP/1.0 "u8 : "HTTP/1.1 "u8);
        writer.WriteNumber(_whole.Status);
        writer.WriteByte((byte)' ');
        writer.Write(_whole.Reason.In(input));
        writer.WriteCrlf();
        foreach (ref readonly HeaderField field in _whole.Headers.Fields)
            writer.WriteHeader(field.Name.In(input), field.Value.In(input));
        writer.WriteCrlf();
        if (writer.Overflowed)
            return "the head grew beyond all measure";
        int scanned = 0;
        HttpLimits wide = new() { HeadBytesMax = output.Length };
        ParseStatus status = ResponseParser.Parse(writer.Written, ref scanned, _split, method, wide);
        string again = HeadText.Of(status, _split, writer.Written);
        return again == whole ? null : $"written again it reads\n{again}\nbut was\n{whole}";
    }
}
