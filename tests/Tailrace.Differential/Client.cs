using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tailrace.Differential;

/// <summary>What a server made of some bytes: the requests that it answered, and how it ended.</summary>
/// <param name="Answers">What it understood, in order; null where its answer was a refusal.</param>
/// <param name="Ending">How the connection ended: "the end", "a reset", "silence".</param>
internal sealed record Outcome(IReadOnlyList<Reading?> Answers, string Ending)
{
    /// <inheritdoc/>
    public override string ToString() =>
        string.Concat(Answers.Select(reading => $"  {reading?.ToString() ?? "refused"}\n")) + $"  {Ending}";
}

/// <summary>Sends bytes to a server and reads its answers.</summary>
internal static class Client
{
    private const int SilenceMs = 10_000;

    /// <summary>Sends everything, ends its direction, and reads to the end.</summary>
    internal static Outcome Send(EndPoint address, byte[] bytes)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = SilenceMs };
        using var received = new MemoryStream();
        var ending = "the end";
        try
        {
            socket.Connect(address);
            socket.Send(bytes);
            socket.Shutdown(SocketShutdown.Send);
            var buffer = new byte[16 * 1024];
            while (socket.Receive(buffer) is > 0 and var count) received.Write(buffer, 0, count);
        }
        catch (SocketException e)
        {
            // Who closes with bytes unread resets; what came before it still counts.
            ending = e.SocketErrorCode == SocketError.TimedOut ? "silence" : "a reset";
        }
        return Read(Encoding.Latin1.GetString(received.ToArray()), ending);
    }

    private static Outcome Read(string text, string ending)
    {
        var answers = new List<Reading?>();
        while (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is >= 0 and var end)
        {
            var lines = text[..end].Split("\r\n");
            text = text[(end + 4)..];
            if (lines[0].Split(' ')[1] is ['1', ..]) continue;
            answers.Add(Find(lines, Reading.Field) is { } reading ? Reading.Parse(reading) : null);
            text = SkipBody(text, Find(lines, "Content-Length"), Find(lines, "Transfer-Encoding"));
        }
        return new Outcome(answers, ending);
    }

    private static string? Find(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith($"{name}: ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];

    // A refusal of HEAD announces a body that it has not; what follows it is not read then, and is not compared.
    private static string SkipBody(string text, string? length, string? coding)
    {
        if (length is not null) return text[Math.Min(int.Parse(length), text.Length)..];
        if (coding is null) return "";
        while (text.IndexOf("\r\n", StringComparison.Ordinal) is > 0 and var line)
        {
            var size = Convert.ToInt32(text[..line], 16);
            text = text[Math.Min(line + 2 + size + 2, text.Length)..];
            if (size == 0) break;
        }
        return text;
    }
}
