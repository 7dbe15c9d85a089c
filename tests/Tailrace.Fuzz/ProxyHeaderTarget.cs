using Tailrace.Io.ProxyProtocol;
using Tailrace.Memory;

namespace Tailrace.Fuzz;

/// <summary>PROXY headers of both versions: read whole, read in pieces, and written again.</summary>
public sealed class ProxyHeaderTarget : IFuzzTarget
{
    /// <inheritdoc />
    public string Name => "proxy";

    /// <inheritdoc />
    public string? Check(byte[] input, Random random)
    {
        ProxyStatus status = ProxyHeaderReader.Read(input, out int length, out ProxyHeader header);
        string meaning = Describe(status, length, header);
        string inPieces = ReadInPieces(input, random);
        if (inPieces != meaning)
            return $"in pieces it reads\n{inPieces}\nbut whole\n{meaning}";
        if (status != ProxyStatus.Complete)
            return null;
        if (length > input.Length || length > ProxyHeaderReader.LengthMax)
            return $"{length} bytes of {input.Length} are the header";
        return CheckRewritten(header);
    }

    private static string ReadInPieces(byte[] input, Random random)
    {
        int step = random.Next(2) == 0 ? 1 : 40;
        int come = 0;
        while (true)
        {
            come = Math.Min(come + random.Next(1, step + 1), input.Length);
            // A copy, so that reading behind what has come is an error and not luck.
            ProxyStatus status = ProxyHeaderReader.Read(input[..come], out int length, out ProxyHeader header);
            if (status != ProxyStatus.NeedMore || come == input.Length)
                return Describe(status, length, header);
        }
    }

    private static string Describe(ProxyStatus status, int length, ProxyHeader header) => status == ProxyStatus.Complete
        ? $"{length} bytes: {Describe(header)}"
        : $"{status}";

    private static string Describe(ProxyHeader header) =>
        $"{header.Source} to {header.Destination}, {Convert.ToHexString(header.Extensions.Span)}";

    private static string? CheckRewritten(ProxyHeader header)
    {
        using var pools = new BufferPools(16 << 10, 16 << 10, 1 << 20);
        var output = new ByteBuffer(pools);
        ProxyHeaderWriter.TryWriteBinary(output, header.Source, header.Destination, header.Extensions.Span);
        ProxyHeaderReader.Read(output.Unread, out _, out ProxyHeader again);
        output.Clear();
        if (Describe(again) != Describe(header))
            return $"written as version 2 it reads\n{Describe(again)}\nbut was\n{Describe(header)}";
        ProxyHeaderWriter.TryWriteLine(output, header.Source, header.Destination);
        ProxyHeaderReader.Read(output.Unread, out _, out again);
        output.Clear();
        return (again.Source, again.Destination).Equals((header.Source, header.Destination))
            ? null
            : $"written as version 1 it reads\n{Describe(again)}\nbut was\n{Describe(header)}";
    }
}
