using System.Text;
using Tailrace.Http;
using Tailrace.Memory;

namespace Tailrace.Fuzz;

/// <summary>Says everything that a parsed head says, as text, so that two readings can be compared and shown.</summary>
public static class HeadText
{
    /// <summary>The outcome of reading a request head.</summary>
    public static string Of(ParseStatus status, RequestHead head, ReadOnlySpan<byte> bytes)
    {
        if (status != ParseStatus.Complete)
            return Unfinished(status, head);
        var text = new StringBuilder();
        text.Append($"{head.Method} {Str(head.MethodText, bytes)} {head.Form} {Str(head.Target, bytes)}\n")
            .Append($"path={Str(head.Path, bytes)} query={Str(head.Query, bytes)}\n")
            .Append($"authority={Str(head.Authority, bytes)} expect={head.ExpectContinue} upgrade={head.IsUpgrade}")
            .Append($" trailers={head.TeTrailers}\n");
        return Shared(text, head, bytes);
    }

    /// <summary>The outcome of reading a response head.</summary>
    public static string Of(ParseStatus status, ResponseHead head, ReadOnlySpan<byte> bytes)
    {
        if (status != ParseStatus.Complete)
            return Unfinished(status, head);
        var text = new StringBuilder($"{head.Status} {Str(head.Reason, bytes)} interim={head.IsInterim}\n");
        return Shared(text, head, bytes);
    }

    private static string Unfinished(ParseStatus status, MessageHead head) => $"{status} {head.Rejection}";

    private static string Shared(StringBuilder text, MessageHead head, ReadOnlySpan<byte> bytes)
    {
        text.Append($"1.{head.MinorVersion} {head.Body} {head.ContentLength} keep={head.KeepAlive}")
            .Append($" options={head.HasConnectionOptions} {head.Rejection}\n");
        foreach (ref readonly HeaderField field in head.Headers.Fields)
            text.Append($"{field.Id} {Str(field.Name, bytes)}={Str(field.Value, bytes)}\n");
        return text.ToString();
    }

    private static string Str(ByteSlice slice, ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(slice.In(bytes));
}
