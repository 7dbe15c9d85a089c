using System.Text;

namespace Tailrace.Differential;

/// <summary>The inputs that the search begins with: what requests look like, and every find.</summary>
/// <remarks>
/// <c>cases/NAME.txt</c>: lines that begin with a number sign are a comment. The rest is the input; line feeds of the
/// file are none of it, and <c>\r</c>, <c>\n</c>, <c>\\</c> and <c>\xNN</c> stand for bytes.
/// </remarks>
internal static class Cases
{
    /// <summary>All of them, in the order of their names.</summary>
    internal static IEnumerable<byte[]> Load()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "cases");
        return Directory.GetFiles(folder, "*.txt").Order(StringComparer.Ordinal).Select(Read);
    }

    private static byte[] Read(string path)
    {
        var text = string.Concat(File.ReadLines(path).Where(line => !line.StartsWith('#')));
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes.Add((byte)text[i]);
                continue;
            }
            var escape = text[++i];
            bytes.Add(escape switch
            {
                'r' => (byte)'\r',
                'n' => (byte)'\n',
                'x' => Convert.ToByte(text[(i + 1)..(i + 3)], 16),
                _ => (byte)escape,
            });
            if (escape == 'x') i += 2;
        }
        return [.. bytes];
    }
}
