using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Fuzz;

/// <summary>Heads of either kind: read whole, read in pieces, and written again.</summary>
/// <typeparam name="THead">The kind.</typeparam>
/// <param name="whole">A head to read into.</param>
/// <param name="other">Another, so that two readings can be compared.</param>
public abstract class HeadTarget<THead>(THead whole, THead other) : IFuzzTarget
    where THead : MessageHead
{
    /// <inheritdoc />
    public abstract string Name { get; }

    /// <inheritdoc />
    public string? Check(byte[] input, Random random)
    {
        HttpLimits limits = Limits.Pick(random);
        Vary(random);
        int scanned = 0;
        ParseStatus status = Parse(input, ref scanned, whole, limits);
        string meaning = Describe(status, whole, input);
        string inPieces = ReadInPieces(input, random, limits);
        if (inPieces != meaning)
            return $"in pieces it reads\n{inPieces}\nbut whole\n{meaning}";
        return status == ParseStatus.Complete
            ? HeadChecks.Of(whole, input, limits) ?? CheckRewritten(input, meaning)
            : null;
    }

    /// <summary>Chooses what else the verdict depends on, for all readings of one input.</summary>
    protected virtual void Vary(Random random)
    {
    }

    /// <summary>Reads on.</summary>
    protected abstract ParseStatus Parse(
        ReadOnlySpan<byte> input, ref int scanned, THead head, HttpLimits limits);

    /// <summary>All that the head says.</summary>
    protected abstract string Describe(ParseStatus status, THead head, ReadOnlySpan<byte> bytes);

    /// <summary>Writes the start line of an accepted head.</summary>
    protected abstract void WriteStartLine(ref HeadWriter writer, THead head, ReadOnlySpan<byte> bytes);

    private string ReadInPieces(byte[] input, Random random, HttpLimits limits)
    {
        int scanned = 0;
        int step = random.Next(2) == 0 ? 1 : 40;
        int length = 0;
        ParseStatus status;
        do
        {
            length = Math.Min(length + random.Next(1, step + 1), input.Length);
            // A copy, so that reading behind what has come is an error and not luck.
            byte[] received = input[..length];
            status = Parse(received, ref scanned, other, limits);
        }
        while (status == ParseStatus.NeedMore && length < input.Length);
        return Describe(status, other, input);
    }

    /// <summary>Writes the accepted head as the proxy would, and reads that.</summary>
    private string? CheckRewritten(byte[] input, string meaning)
    {
        Span<byte> output = new byte[input.Length * 2 + 64];
        var writer = new HeadWriter(output);
        WriteStartLine(ref writer, whole, input);
        foreach (ref readonly HeaderField field in whole.Headers.Fields)
            writer.WriteHeader(field.Name.In(input), field.Value.In(input));
        writer.WriteCrlf();
        if (writer.Overflowed)
            return "the head grew beyond all measure";
        int scanned = 0;
        HttpLimits wide = new() { HeadBytesMax = output.Length, TargetLengthMax = output.Length };
        ParseStatus status = Parse(writer.Written, ref scanned, other, wide);
        string again = Describe(status, other, writer.Written);
        return again == meaning ? null : $"written again it reads\n{again}\nbut was\n{meaning}";
    }
}
