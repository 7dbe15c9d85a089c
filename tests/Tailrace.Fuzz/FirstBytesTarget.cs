using System.Text;
using System.Text.RegularExpressions;
using Tailrace.Proxy.Tcp;

namespace Tailrace.Fuzz;

/// <summary>The first bytes of a connection to a mixed port: in pieces, and against an expression that says the same.</summary>
public sealed partial class FirstBytesTarget : IFuzzTarget
{
    /// <inheritdoc />
    public string Name => "first";

    /// <inheritdoc />
    public string? Check(byte[] input, Random random)
    {
        StreamKind whole = FirstBytes.Read(input);
        for (int length = 0; length < input.Length; length++)
        {
            StreamKind sofar = FirstBytes.Read(input.AsSpan(0, length).ToArray());
            if (sofar == StreamKind.Undecided)
            {
                if (length >= FirstBytes.LengthMax)
                    return $"{length} bytes do not decide";
                continue;
            }
            if (sofar != whole)
                return $"{length} bytes are {sofar}, but all are {whole}";
            break;
        }
        string text = Encoding.Latin1.GetString(input);
        if (Http().IsMatch(text) != (whole == StreamKind.Http))
            return $"it reads {whole}, and by the expression HTTP is {!(whole == StreamKind.Http)}";
        if (text.StartsWith("\x16\x03", StringComparison.Ordinal) != (whole == StreamKind.Tls))
            return $"it reads {whole}, and TLS begins with two bytes";
        return null;
    }

    [GeneratedRegex(@"^(?:CONNECT [!-~]|(?:OPTIONS|PRI) \* |[A-Z-]{1,24} (?:/|[Hh][Tt][Tt][Pp][Ss]?://))", RegexOptions.CultureInvariant)]
    private static partial Regex Http();
}
