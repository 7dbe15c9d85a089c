namespace Tailrace.Http.Rules;

/// <summary>A value with variables in it. Immutable; any thread.</summary>
/// <param name="parts">Each a text and the variable behind it.</param>
internal sealed class ValueTemplate((byte[] Literal, Variable Variable)[] parts)
{
    /// <summary>The parts, in order.</summary>
    internal ReadOnlySpan<(byte[] Literal, Variable Variable)> Parts => parts;

    /// <summary>How long the value is in an exchange.</summary>
    internal int LengthIn(in ExchangeValues values)
    {
        var length = 0;
        foreach (var (literal, variable) in parts) length += literal.Length + values.Of(variable).Length;
        return length;
    }
}
