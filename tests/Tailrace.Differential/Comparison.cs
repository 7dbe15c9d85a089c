using System.Text;

namespace Tailrace.Differential;

/// <summary>Gives the same bytes to every server, and judges what they made of it.</summary>
/// <remarks>
/// <para>Behind the proxy a peer has to see what we understood, request for request, and nothing else: a peer may refuse
/// what it does not like, but must not read it in another way. That is asked of every input.</para>
/// <para>Where a peer reads the raw bytes in another way than we do, that is counted: such bytes pass the proxy in one
/// form only, as has been seen behind it.</para>
/// </remarks>
internal sealed class Comparison(OurServer ours, IReadOnlyList<Peer> peers)
{
    private readonly int[] _seen = new int[peers.Count];

    /// <summary>Requests that we took.</summary>
    internal long Accepted { get; private set; }

    /// <summary>Inputs that a peer reads in another way as they are, and as we do behind the proxy.</summary>
    internal long Settled { get; private set; }

    /// <summary>Requests behind the proxy that a peer refused.</summary>
    internal long Refused { get; private set; }

    /// <summary>What does not hold of an input; null when all does.</summary>
    internal string? Check(byte[] input)
    {
        var own = Client.Send(ours.Own, input);
        Accepted += Count(own);
        if (own.Ending == "silence") return "we left the client waiting";
        if (ours.Failures > 0) return "a handler failed";
        for (var i = 0; i < peers.Count; i++)
        {
            var behind = Client.Send(ours.Before(i), input);
            if (Judge(own, behind, i) is { } finding)
            {
                var direct = Client.Send(peers[i].Direct, input);
                return $"{peers[i].Name}: {finding}\nwe read\n{own}\nit reads behind us\n{behind}\nand by itself\n{direct}";
            }
            if (!Agree(own, Client.Send(peers[i].Direct, input))) Settled++;
        }
        return null;
    }

    private string? Judge(Outcome own, Outcome behind, int peer)
    {
        if (behind.Ending == "silence") return "the client was left waiting";
        for (var i = 0; i < behind.Answers.Count; i++)
        {
            if (behind.Answers[i] is not { } reading) continue;
            if (i >= own.Answers.Count || own.Answers[i] is not { } ours) return $"it got request {i}, which we refused";
            if (!reading.Means(ours)) return $"request {i} became another";
            // A request in between was asked by nobody.
            var expected = _seen[peer] + 1;
            _seen[peer] = reading.Number;
            if (reading.Number != expected) return "it got a request that no client sent, here or in an input before";
        }
        if (Count(behind) < Count(own)) Refused++;
        return null;
    }

    private static int Count(Outcome outcome) => outcome.Answers.Count(answer => answer is not null);

    private static bool Agree(Outcome own, Outcome direct)
    {
        for (var i = 0; i < direct.Answers.Count; i++)
        {
            if (direct.Answers[i] is not { } reading) continue;
            if (i >= own.Answers.Count || own.Answers[i] is not { } ours || !reading.Means(ours)) return false;
        }
        return true;
    }

    /// <summary>An input as it can be pasted into a case file.</summary>
    internal static string Show(byte[] input)
    {
        var text = new StringBuilder();
        foreach (var value in input)
        {
            text.Append(value switch
            {
                (byte)'\r' => "\\r",
                (byte)'\n' => "\\n\n",
                (byte)'\\' => "\\\\",
                < 0x20 or > 0x7e => $"\\x{value:x2}",
                _ => $"{(char)value}",
            });
        }
        return text.ToString();
    }
}
