using Tailrace.Http;
using Tailrace.Http.Rules;
using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>What a request has to be, beside its host and its path, for a route to be taken: all of it.</summary>
/// <remarks>Belongs to one worker, as its tests do.</remarks>
internal sealed class RouteCondition
{
    private readonly uint _methods;
    private readonly byte[][] _otherMethods;

    /// <summary>Creates a condition on methods; no method at all means every method.</summary>
    internal RouteCondition(IReadOnlyList<byte[]> methods)
    {
        var others = new List<byte[]>();
        foreach (var text in methods)
        {
            var method = Methods.FromBytes(text);
            if (method == Method.Other) others.Add(text);
            else _methods |= BitOf(method);
        }
        _otherMethods = [.. others];
    }

    /// <summary>Header fields.</summary>
    internal FieldTest[] Fields { get; init; } = [];

    /// <summary>Parameters of the query.</summary>
    internal QueryTest[] Query { get; init; } = [];

    /// <summary>Where clients are; null for anywhere.</summary>
    internal AddressSet? Sources { get; init; }

    /// <summary>Whether the request is so. The cheapest questions come first.</summary>
    internal bool Holds(RequestHead head, ReadOnlySpan<byte> bytes, Connection client)
    {
        if (!HasMethod(head, bytes)) return false;
        if (Sources is not null && !Sources.Contains(client.Remote)) return false;
        foreach (var field in Fields)
        {
            if (!field.Passes(head, bytes)) return false;
        }
        foreach (var parameter in Query)
        {
            if (!parameter.Passes(head.Query.In(bytes))) return false;
        }
        return true;
    }

    private bool HasMethod(RequestHead head, ReadOnlySpan<byte> bytes)
    {
        if (_methods == 0 && _otherMethods.Length == 0) return true;
        if (head.Method != Method.Other) return (_methods & BitOf(head.Method)) != 0;
        foreach (var method in _otherMethods)
        {
            if (head.MethodText.In(bytes).SequenceEqual(method)) return true;
        }
        return false;
    }

    private static uint BitOf(Method method) => 1u << (int)method;
}
