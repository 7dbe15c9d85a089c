using Tailrace.Tls.Hello;

namespace Tailrace.Fuzz;

/// <summary>ClientHellos: read whole, in pieces, and spread anew over records.</summary>
public sealed class ClientHelloTarget : IFuzzTarget
{
    /// <inheritdoc />
    public string Name => "hello";

    /// <inheritdoc />
    public string? Check(byte[] input, Random random)
    {
        string meaning = Read(input);
        int step = random.Next(2) == 0 ? 1 : 200;
        for (int come = 0; ;)
        {
            come = Math.Min(come + random.Next(1, step + 1), input.Length);
            // A copy, so that reading behind what has come is an error and not luck.
            string soFar = Read(input[..come]);
            if (soFar == $"{HelloStatus.NeedMore}" && come < input.Length)
                continue;
            if (soFar != meaning)
                return $"in pieces it reads\n{soFar}\nbut whole\n{meaning}";
            break;
        }
        return meaning.StartsWith($"{HelloStatus.Complete}") ? CheckSpread(input, meaning, random) : null;
    }

    /// <summary>What the hello says must not depend on the records that carry it.</summary>
    private static string? CheckSpread(byte[] input, string meaning, Random random)
    {
        var spread = new List<byte>();
        for (int at = 0; at + 5 <= input.Length;)
        {
            int length = Math.Min(input[at + 3] << 8 | input[at + 4], input.Length - at - 5);
            for (int i = 0; i < length;)
            {
                int part = Math.Min(random.Next(1, 100), length - i);
                spread.AddRange([22, 3, 3, (byte)(part >> 8), (byte)part]);
                spread.AddRange(input[(at + 5 + i)..(at + 5 + i + part)]);
                i += part;
            }
            at += 5 + length;
            if (at < input.Length && input[at] != 22)
                break;
        }
        string again = Read([.. spread]);
        return again == meaning || spread.Count > ClientHelloReader.LengthMax
            ? null
            : $"in other records it reads\n{again}\nbut was\n{meaning}";
    }

    private static string Read(ReadOnlySpan<byte> input)
    {
        Span<byte> scratch = new byte[ClientHelloReader.MessageBytesMax];
        HelloStatus status = ClientHelloReader.Read(input, scratch, out ClientHello hello);
        if (status != HelloStatus.Complete)
            return $"{status}";
        return $"{status}: '{Convert.ToHexString(hello.ServerName)}' {Convert.ToHexString(hello.Protocols)}"
            + $" {hello.IsEncrypted} {hello.Offers("h2"u8)}";
    }
}
