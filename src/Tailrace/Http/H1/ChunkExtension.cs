namespace Tailrace.Http.H1;

/// <summary>
/// Passes over the extensions of a chunk-size line (RFC 9112 section 7.1.1). Nobody here gives them a meaning.
/// </summary>
/// <remarks>
/// They are held to the grammar all the same, quoted strings included, because a reader that ends the line elsewhere
/// than the next one is the classic way to smuggle a request. Blanks around ";" and "=" are read, as the RFC demands of
/// recipients; blanks before the line's end are not in its grammar.
/// </remarks>
internal static class ChunkExtension
{
    /// <summary>Reads up to the CR that ends the line.</summary>
    /// <param name="input">What follows the chunk size.</param>
    /// <param name="length">The offset of the CR, or how far it is valid.</param>
    public static ParseStatus Read(ReadOnlySpan<byte> input, out int length)
    {
        int at = 0;
        ParseStatus status = ParseStatus.Complete;
        while (status == ParseStatus.Complete)
        {
            if (at < input.Length && input[at] == '\r')
                break;
            status = ReadOne(input, ref at);
        }
        length = at;
        return status;
    }

    /// <summary>Reads <c>BWS ";" BWS name [ BWS "=" BWS value ]</c>.</summary>
    private static ParseStatus ReadOne(ReadOnlySpan<byte> input, ref int at)
    {
        SkipBlanks(input, ref at);
        if (at == input.Length)
            return ParseStatus.NeedMore;
        if (input[at] != ';')
            return ParseStatus.Rejected;
        at++;
        SkipBlanks(input, ref at);
        ParseStatus status = ReadToken(input, ref at);
        if (status != ParseStatus.Complete)
            return status;
        int equals = at;
        SkipBlanks(input, ref equals);
        if (equals == input.Length)
            return ParseStatus.NeedMore;
        if (input[equals] != '=')
            return ParseStatus.Complete;
        at = equals + 1;
        SkipBlanks(input, ref at);
        return at < input.Length && input[at] == '"' ? ReadQuoted(input, ref at) : ReadToken(input, ref at);
    }

    private static void SkipBlanks(ReadOnlySpan<byte> input, ref int at)
    {
        while (at < input.Length && HttpSyntax.IsBlank(input[at]))
            at++;
    }

    private static ParseStatus ReadToken(ReadOnlySpan<byte> input, ref int at)
    {
        int start = at;
        at = ByteScan.NameEnd(input, start);
        if (at == input.Length)
            return ParseStatus.NeedMore;
        return at > start ? ParseStatus.Complete : ParseStatus.Rejected;
    }

    /// <summary>Reads a quoted string (RFC 9110 section 5.6.4), the opening quote being at hand.</summary>
    private static ParseStatus ReadQuoted(ReadOnlySpan<byte> input, ref int at)
    {
        bool isEscaped = false;
        for (at++; at < input.Length; at++)
        {
            byte value = input[at];
            if (!HttpSyntax.IsFieldByte(value))
                return ParseStatus.Rejected;
            if (!isEscaped && value == '"')
            {
                at++;
                return ParseStatus.Complete;
            }
            isEscaped = !isEscaped && value == '\\';
        }
        return ParseStatus.NeedMore;
    }
}
