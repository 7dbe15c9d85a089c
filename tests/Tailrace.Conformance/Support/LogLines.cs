using System.Collections.Concurrent;
using System.Text;

namespace Tailrace.Conformance.Support;

/// <summary>Collects what a log writes, for any thread to look at.</summary>
internal sealed class LogLines : TextWriter
{
    private readonly ConcurrentQueue<string> _lines = [];

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>The lines with a text in them.</summary>
    internal IEnumerable<string> With(string text) =>
        _lines.Where(line => line.Contains(text, StringComparison.Ordinal));

    public override void WriteLine(string? value) => _lines.Enqueue(value ?? "");

    public override string ToString() => string.Join('\n', _lines);
}
