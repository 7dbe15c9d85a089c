using System.Globalization;
using System.Net;

namespace Tailrace.Conformance.Support;

/// <summary>What the system has of a listener's connections, to be told when a server counts something else.</summary>
internal static class SystemSockets
{
    private const string Table = "/proc/net/tcp";
    private const string Listening = "0A";

    /// <summary>How many connections to a listener on 127.0.0.1 wait to be accepted.</summary>
    internal static int Waiting(IPEndPoint listener)
    {
        var columns = Sockets().First(columns => columns[1] == NameOf(listener) && columns[3] == Listening);
        return int.Parse(columns[4].Split(':')[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    /// <summary>How many sockets on either side of a listener on 127.0.0.1 are in each state.</summary>
    /// <remarks>
    /// More of a kind on the server's side: what ended them was lost on the way. As many on both sides as the server
    /// counts: the client has not closed. Less on both: the server has not heard.
    /// </remarks>
    internal static string Of(IPEndPoint listener)
    {
        if (!File.Exists(Table)) return "unknown";
        var address = NameOf(listener);
        var states = Sockets()
            .Where(columns => columns[1] == address || columns[2] == address)
            .CountBy(columns => (columns[1] == address ? "the server's" : "clients'") + " in state " + columns[3]);
        return string.Join(", ", states.Select(state => $"{state.Value} of {state.Key}"));
    }

    private static IEnumerable<string[]> Sockets() =>
        File.ReadLines(Table).Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static string NameOf(IPEndPoint listener) =>
        string.Create(CultureInfo.InvariantCulture, $"0100007F:{listener.Port:X4}");
}
