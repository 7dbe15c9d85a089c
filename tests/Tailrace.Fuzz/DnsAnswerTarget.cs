using Tailrace.Hosting.Names;

namespace Tailrace.Fuzz;

/// <summary>Answers of name servers: what they say does not depend on what lies behind them.</summary>
public sealed class DnsAnswerTarget : IFuzzTarget
{
    private const string Nothing = "nothing";
    private const string Name = "_http._tcp.a.example";

    /// <inheritdoc />
    string IFuzzTarget.Name => "dns";

    /// <inheritdoc />
    public string? Check(byte[] input, Random random)
    {
        string meaning = Read(input);
        var behind = new byte[random.Next(1, 40)];
        random.NextBytes(behind);
        string again = Read([.. input, .. behind]);
        // What was cut off may be made up for.
        return meaning == Nothing || again == meaning ? null : $"with bytes behind it reads\n{again}\nbut alone\n{meaning}";
    }

    private static string Read(byte[] input)
    {
        // The number of the question is whatever the answer says, or reading would end there.
        ushort id = input.Length < 2 ? (ushort)0 : (ushort)(input[0] << 8 | input[1]);
        DnsReply? reply;
        try
        {
            reply = DnsMessage.Read(input, id, Name, DnsType.Srv);
        }
        catch (DnsException)
        {
            return "too much";
        }
        if (reply is null || reply.IsTruncated)
            return Nothing;
        return $"{reply.Code}: {string.Join(", ", reply.Answers.Select(Text))}; {string.Join(", ", reply.Others.Select(Text))}";
    }

    private static string Text(DnsRecord one) =>
        $"{one.Name} {one.Type} {one.Ttl} {one.Target} {one.Address} {one.Priority} {one.Weight} {one.Port}";
}
