using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Fuzz;

/// <summary>Request heads.</summary>
public sealed class RequestHeadTarget() : HeadTarget<RequestHead>(new(), new())
{
    /// <inheritdoc />
    public override string Name => "request";

    /// <inheritdoc />
    protected override ParseStatus Parse(
        ReadOnlySpan<byte> input, ref int scanned, RequestHead head, HttpLimits limits) =>
        RequestParser.Parse(input, ref scanned, head, limits);

    /// <inheritdoc />
    protected override string Describe(ParseStatus status, RequestHead head, ReadOnlySpan<byte> bytes) =>
        HeadText.Of(status, head, bytes);

    /// <inheritdoc />
    protected override void WriteStartLine(ref HeadWriter writer, RequestHead head, ReadOnlySpan<byte> bytes)
    {
        writer.Write(head.MethodText.In(bytes));
        writer.WriteByte((byte)' ');
        writer.Write(head.Target.In(bytes));
        writer.Write(head.MinorVersion == 0 ? " HTTP/1.0\r\n"u8 : " HTTP/1.1\r\n"u8);
    }
}
