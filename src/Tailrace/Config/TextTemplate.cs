namespace Tailrace.Config;

/// <summary>A text with variables, such as <c>from ${client_ip}</c>: what a header is set to.</summary>
internal static class TextTemplate
{
    /// <summary>The names that may stand between the braces.</summary>
    public static readonly string[] Variables = ["client_ip", "host", "method", "path", "query", "upstream"];

    /// <summary>
    /// Splits a text at its variables; <c>$${</c> stands for <c>${</c>, and any other dollar sign for itself.
    /// </summary>
    /// <param name="text">The text as written.</param>
    /// <param name="parts">Each a text and the variable behind it, which is empty in the last.</param>
    /// <param name="error">What is wrong with the text, for people; empty when nothing is.</param>
    public static bool TryParse(
        string text, out IReadOnlyList<(string Literal, string Variable)> parts, out string error)
    {
        var found = new List<(string, string)>();
        (parts, error) = (found, "");
        string literal = "";
        int at = 0;
        for (int open = Next(text, 0); open >= 0; open = Next(text, at))
        {
            literal += text[at..open];
            if (open > at && text[open - 1] == '$')
            {
                // The first of the two dollar signs is taken off.
                literal = literal[..^1] + "${";
                at = open + 2;
                continue;
            }
            int close = text.IndexOf('}', open);
            if (close < 0)
            {
                error = $"'{text}' opens a variable and never closes it; '$${{' stands for '${{' itself";
                return false;
            }
            string name = text[(open + 2)..close];
            if (!Variables.Contains(name))
            {
                error = $"there is no variable '${{{name}}}'; " + (Suggestion.For(name, Variables) is { } meant
                    ? $"did you mean '${{{meant}}}'?"
                    : $"expected one of {string.Join(", ", Variables)}");
                return false;
            }
            found.Add((literal, name));
            literal = "";
            at = close + 1;
        }
        found.Add((literal + text[at..], ""));
        return true;
    }

    private static int Next(string text, int from) => text.IndexOf("${", from, StringComparison.Ordinal);
}
