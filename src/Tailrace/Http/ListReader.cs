namespace Tailrace.Http;

/// <summary>
/// Walks the elements of a comma-separated field value (RFC 9110 section 5.6.1), without blanks around them.
/// </summary>
/// <remarks>Empty elements are skipped. It knows no quoted strings: use it for lists of tokens.</remarks>
/// <param name="list">The value, or the values of several lines one after the other.</param>
public ref struct ListReader(ReadOnlySpan<byte> list)
{
    private ReadOnlySpan<byte> _rest = list;

    /// <summary>Takes the next element; false at the end.</summary>
    public bool TryRead(out ReadOnlySpan<byte> element)
    {
        while (!_rest.IsEmpty)
        {
            int comma = _rest.IndexOf((byte)',');
            element = HttpSyntax.Trim(comma < 0 ? _rest : _rest[..comma]);
            _rest = comma < 0 ? [] : _rest[(comma + 1)..];
            if (!element.IsEmpty)
                return true;
        }
        element = default;
        return false;
    }
}
