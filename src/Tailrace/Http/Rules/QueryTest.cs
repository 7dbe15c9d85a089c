namespace Tailrace.Http.Rules;

/// <summary>What a parameter of a request's query has to be for a route to be taken.</summary>
/// <remarks>
/// Belongs to one worker, for it decodes into a buffer of its own. The query is read as forms write it
/// (application/x-www-form-urlencoded): names and values are compared decoded, because <c>?v=%32</c> is the same to an
/// origin as <c>?v=2</c>. Of a parameter that is given several times one suffices.
/// </remarks>
internal sealed class QueryTest
{
    private readonly byte[] _name;
    private readonly TextTest? _test;
    private byte[] _decoded = [];

    /// <summary>Creates the test.</summary>
    /// <param name="name">The parameter's name, decoded.</param>
    /// <param name="test">What a value has to be; null when there must be no such parameter.</param>
    internal QueryTest(byte[] name, TextTest? test)
    {
        _name = name;
        _test = test;
    }

    /// <summary>Whether the query is so.</summary>
    /// <param name="query">What stands behind the question mark.</param>
    internal bool Passes(ReadOnlySpan<byte> query)
    {
        while (!query.IsEmpty)
        {
            var end = query.IndexOf((byte)'&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            var equals = pair.IndexOf((byte)'=');
            var name = equals < 0 ? pair : pair[..equals];
            // The buffer holds one text at a time: the name is compared before the value is decoded.
            if (pair.IsEmpty || !Decode(name).SequenceEqual(_name)) continue;
            if (_test is null) return false;
            if (_test.Passes(Decode(equals < 0 ? default : pair[(equals + 1)..]))) return true;
        }
        return _test is null;
    }

    /// <summary>A plus sign is a space, and %XX a byte; a percent sign that begins none stands for itself.</summary>
    private ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> text)
    {
        if (text.IndexOfAny((byte)'%', (byte)'+') < 0) return text;
        if (_decoded.Length < text.Length) _decoded = new byte[Math.Max(text.Length, 256)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var value = text[i];
            if (value == '+')
            {
                value = (byte)' ';
            }
            else if (value == '%' && TryReadHex(text[(i + 1)..], out var escaped))
            {
                value = escaped;
                i += 2;
            }
            _decoded[length++] = value;
        }
        return _decoded.AsSpan(0, length);
    }

    private static bool TryReadHex(ReadOnlySpan<byte> text, out byte value)
    {
        value = 0;
        if (text is not [var high, var low, ..]) return false;
        if (!char.IsAsciiHexDigit((char)high) || !char.IsAsciiHexDigit((char)low)) return false;
        value = (byte)(DigitOf(high) << 4 | DigitOf(low));
        return true;
    }

    private static int DigitOf(byte hex) => hex <= '9' ? hex - '0' : (hex | 0x20) - 'a' + 10;
}
