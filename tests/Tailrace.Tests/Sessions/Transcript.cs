using System.Text;

namespace Tailrace.Tests.Sessions;

/// <summary>What is said on both sides of the proxy in one case, as its file tells it.</summary>
/// <remarks>
/// <para>A file begins with what the case is about, in lines that begin with <c>#</c>, and with settings
/// (<c>listener:</c>, <c>cluster:</c> or <c>clusters:</c>, <c>routes:</c> in YAML's flow style,
/// <c>connections:</c>, how many the origins get in all, and <c>window:</c>, how many bytes a connection takes that
/// nobody has read). Then come steps, each a line of <c>---</c> and the words of <see cref="TranscriptRun"/>, with the
/// bytes that belong to it below.</para>
/// <para>Each line of bytes ends in CRLF on the wire, unless it ends in a backslash, which says that nothing follows.
/// <c>\n</c>, <c>\r</c>, <c>\0</c> and <c>\s</c>, a space at a line's end, stand for those bytes, <c>{x*100}</c> for a
/// hundred of them. The last line is <c>--- end</c>.</para>
/// </remarks>
internal sealed class Transcript
{
    private readonly Dictionary<string, string> _settings = [];

    private Transcript(string name) => Name = name;

    /// <summary>The file's name.</summary>
    internal string Name { get; }

    /// <summary>What happens, in order.</summary>
    internal List<TranscriptStep> Steps { get; } = [];

    /// <summary>Reads a case.</summary>
    internal static Transcript Parse(string name, string text)
    {
        var transcript = new Transcript(name);
        TranscriptStep? step = null;
        foreach (var line in text.Split('\n'))
        {
            if (line == "--- end") return transcript;
            if (line.StartsWith("--- ", StringComparison.Ordinal))
                transcript.Steps.Add(step = new TranscriptStep(line[4..], new StringBuilder()));
            else if (step is not null)
                step.Bytes.Append(Unescape(line));
            else if (line is not ("" or ['#', ..]))
                transcript._settings.Add(line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..].Trim());
        }
        throw new FormatException($"{name} has no end");
    }

    /// <summary>A setting, or its default.</summary>
    internal string Setting(string key, string byDefault) => _settings.GetValueOrDefault(key, byDefault);

    private static string Unescape(string line)
    {
        var bytes = new StringBuilder();
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '\\' && i == line.Length - 1) return bytes.ToString();
            if (line[i] == '\\') bytes.Append(Escaped(line[++i]));
            else if (line[i] == '{' && line.AsSpan(i) is ['{', var repeated, '*', ..])
            {
                var end = line.IndexOf('}', i);
                bytes.Append(repeated, int.Parse(line.AsSpan((i + 3)..end)));
                i = end;
            }
            else bytes.Append(line[i]);
        }
        return bytes.Append("\r\n").ToString();
    }

    private static char Escaped(char letter) => letter switch
    {
        'n' => '\n',
        'r' => '\r',
        '0' => '\0',
        's' => ' ',
        _ => letter,
    };
}

/// <summary>One thing that happens: who does what, and the bytes that belong to it.</summary>
internal sealed record TranscriptStep(string What, StringBuilder Bytes)
{
    /// <summary>Whether its bytes may be split on the way.</summary>
    internal bool IsSend => What.EndsWith(" sends", StringComparison.Ordinal);

    /// <summary>The bytes as text, one character each.</summary>
    internal string Text => Bytes.ToString();
}
