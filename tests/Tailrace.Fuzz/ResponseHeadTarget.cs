using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Fuzz;

/// <summary>Response heads, to requests of any method.</summary>
public sealed class ResponseHeadTarget() : HeadTarget<ResponseHead>(new(), new())
{
    private Method _method;

    /// <inheritdoc />
    public override string Name => "response";

    /// <inheritdoc />
    protected override void Vary(Random random) => _method = (Method)random.Next((int)Method.Connect + 1);

    /// <inheritdoc />
    protected override ParseStatus Parse(
        ReadOnlySpan<byte> input, ref int scanned, ResponseHead head, HttpLimits limits) =>
        ResponseParser.Parse(input, ref scanned, head, _method, limits);

    /// <inheritdoc />
    protected override string Describe(ParseStatus status, ResponseHead head, ReadOnlySpan<byte> bytes) =>
        HeadText.Of(status, head, bytes);

    /// <inheritdoc />
    protected override void WriteStartLine(ref HeadWriter writer, ResponseHead head, ReadOnlySpan<byte> bytes)
    {
        writer.Write(head.MinorVersion == 0 ? "HTTP/1.0 "u8 : "HTTP/1.1 "u8);
        writer.WriteNumber(head.Status);
        writer.WriteByte((byte)' ');
        writer.Write(head.Reason.In(bytes));
        writer.WriteCrlf();
    }
}
