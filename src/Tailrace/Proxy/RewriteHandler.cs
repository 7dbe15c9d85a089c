using Tailrace.Http.Rules;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Rewrites the path of a request before another handler forwards it.</summary>
/// <remarks>One for each route and worker; runs on the worker's reactor.</remarks>
/// <param name="rewrite">How.</param>
/// <param name="inner">Who forwards it.</param>
internal sealed class RewriteHandler(PathRewrite rewrite, Handler inner) : Handler
{
    /// <summary>Told of requests that were given up.</summary>
    internal Action<string>? Failed { get; init; }

    /// <summary>Fields to set, add or remove in an error; null for none.</summary>
    internal FieldEdits? Fields { get; init; }

    /// <inheritdoc/>
    public override LoopTask HandleAsync(Exchange exchange)
    {
        var result = exchange.RewritePath(rewrite);
        if (result == RewriteResult.Done) return inner.HandleAsync(exchange);
        exchange.ResponseFields = Fields;
        ErrorReply.Write(exchange, RewriteResults.StatusOf(result), RewriteResults.Reason(result));
        if (result == RewriteResult.TookTooLong) Failed?.Invoke(RewriteResults.Reason(result));
        return LoopTask.Completed;
    }
}
