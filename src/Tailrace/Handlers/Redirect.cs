using Tailrace.Http;
using Tailrace.Http.Rules;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Handlers;

/// <summary>Sends clients to another place: the same with some parts of it changed.</summary>
/// <remarks>
/// One for each route and worker. The place is always written in full, scheme and host included, so that a path such as
/// <c>//other.example</c> cannot be read as another host.
/// </remarks>
/// <param name="status">301, 302, 303, 307 or 308.</param>
internal sealed class Redirect(int status) : Handler
{
    private const int BodyBytesMax = 64;

    private byte[] _path = [];
    private byte[] _location = [];
    private int _length;

    /// <summary>The scheme; empty for that of the request.</summary>
    internal byte[] Scheme { get; init; } = [];

    /// <summary>The host without a port; empty for that of the request.</summary>
    internal byte[] Host { get; init; } = [];

    /// <summary>
    /// The port with its colon in front, or empty for none; null for the request's, or none where scheme or host is
    /// another.
    /// </summary>
    internal byte[]? Port { get; init; }

    /// <summary>How the path changes; null for not at all.</summary>
    internal PathRewrite? Path { get; init; }

    /// <summary>Whether the query goes along.</summary>
    internal bool KeepsQuery { get; init; } = true;

    /// <summary>Fields to set, add or remove in the answer; null for none.</summary>
    internal FieldEdits? Fields { get; init; }

    /// <summary>Told of requests that were given up.</summary>
    internal Action<string>? Failed { get; init; }

    /// <inheritdoc/>
    public override bool IsImmediate => true;

    /// <inheritdoc/>
    public override LoopTask HandleAsync(Exchange exchange)
    {
        exchange.ResponseFields = Fields;
        if (Host.Length == 0 && exchange.Request.Authority.IsEmpty)
        {
            ErrorReply.Write(exchange, 400, "a redirect needs a host, and HTTP/1.0 without Host names none");
        }
        else if (Compose(exchange.Request, exchange.RequestBytes) is var result and not RewriteResult.Done)
        {
            ErrorReply.Write(exchange, RewriteResults.StatusOf(result), RewriteResults.Reason(result));
            if (result == RewriteResult.TookTooLong) Failed?.Invoke(RewriteResults.Reason(result));
        }
        else if (!exchange.Downstream.Output.IsEmpty && !ErrorReply.Fits(exchange, _length))
        {
            return FlushAndHandleAsync(exchange);
        }
        else if (ErrorReply.TryFit(exchange, _length))
        {
            Span<byte> body = stackalloc byte[BodyBytesMax];
            body = body[..ErrorReply.Compose(body, status, default)];
            exchange.Begin(status, body.Length);
            exchange.Header("Location"u8, _location.AsSpan(0, _length));
            exchange.Header("Content-Type"u8, "text/plain"u8);
            exchange.End(body);
        }
        return LoopTask.Completed;
    }

    /// <summary>The same when earlier answers, which take room too, have left.</summary>
    private async LoopTask FlushAndHandleAsync(Exchange exchange)
    {
        if ((await exchange.FlushAsync()).IsError) exchange.Abort();
        else await HandleAsync(exchange);
    }

    /// <summary>Writes the place to the buffer, if its path can be had.</summary>
    private RewriteResult Compose(RequestHead request, ReadOnlySpan<byte> bytes)
    {
        var path = request.Path.In(bytes);
        // An absolute target may lack its path, and OPTIONS has a target that is none.
        if (path is not [(byte)'/', ..]) path = "/"u8;
        if (Path is not null)
        {
            var result = Path.Apply(path, ref _path, out var length);
            if (result != RewriteResult.Done) return result;
            path = _path.AsSpan(0, length);
        }
        _length = 0;
        // TLS is not spoken here, so what came is http.
        Append(Scheme.Length > 0 ? Scheme : "http"u8);
        Append("://"u8);
        AppendAuthority(request.Authority.In(bytes));
        Append(path);
        if (!KeepsQuery || request.Query.Offset == 0) return RewriteResult.Done;
        Append("?"u8);
        Append(request.Query.In(bytes));
        return RewriteResult.Done;
    }

    private void AppendAuthority(ReadOnlySpan<byte> authority)
    {
        if (Host.Length == 0 && Scheme.Length == 0 && Port is null)
        {
            Append(authority);
            return;
        }
        var colon = authority.LastIndexOf((byte)':');
        var hasPort = colon >= 0 && authority.LastIndexOf((byte)']') < colon;
        Append(Host.Length > 0 ? Host : hasPort ? authority[..colon] : authority);
        Append(Port);
    }

    private void Append(ReadOnlySpan<byte> text)
    {
        var length = _length + text.Length;
        if (_location.Length < length) Array.Resize(ref _location, Math.Max(length, 2 * _location.Length));
        text.CopyTo(_location.AsSpan(_length));
        _length = length;
    }
}
