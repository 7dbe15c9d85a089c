namespace Tailrace.Http.Rules;

/// <summary>The values of variables in one exchange.</summary>
/// <remarks>
/// Every one of them may stand in a field as it is: a parsed method, target and authority have no control bytes.
/// </remarks>
/// <param name="head">The request's head.</param>
/// <param name="bytes">Its bytes.</param>
/// <param name="client">The client's address as text, without its port.</param>
/// <param name="upstream">The destination's host and port; empty for none.</param>
internal readonly ref struct ExchangeValues(
    RequestHead head, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> client, ReadOnlySpan<byte> upstream)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly ReadOnlySpan<byte> _client = client;
    private readonly ReadOnlySpan<byte> _upstream = upstream;

    /// <summary>The value of a variable.</summary>
    internal ReadOnlySpan<byte> Of(Variable variable) => variable switch
    {
        Variable.ClientIp => _client,
        Variable.Host => head.Authority.In(_bytes),
        Variable.Method => head.MethodText.In(_bytes),
        Variable.Path => head.Path.In(_bytes),
        Variable.Query => head.Query.In(_bytes),
        Variable.Upstream => _upstream,
        _ => default,
    };
}
