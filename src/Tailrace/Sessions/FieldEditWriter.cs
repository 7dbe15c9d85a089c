using Tailrace.Http.H1;
using Tailrace.Http.Rules;

namespace Tailrace.Sessions;

/// <summary>Writes the lines that edits add to a head.</summary>
internal static class FieldEditWriter
{
    /// <summary>Writes them; room was reserved by <see cref="FieldEdits.LengthIn"/>.</summary>
    internal static void Write(ref HeadWriter writer, FieldEdits edits, scoped ExchangeValues values)
    {
        foreach (var (name, value) in edits.Added)
        {
            writer.Write(name);
            writer.Write(": "u8);
            foreach (var (literal, variable) in value.Parts)
            {
                writer.Write(literal);
                writer.Write(values.Of(variable));
            }
            writer.WriteCrlf();
        }
    }
}
