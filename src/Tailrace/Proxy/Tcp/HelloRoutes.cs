using System.Text;
using Tailrace.Tls.Hello;

namespace Tailrace.Proxy.Tcp;

/// <summary>Finds the cluster of a TLS connection by the name and the protocols in its ClientHello.</summary>
/// <remarks>
/// Immutable once built; one for each listener and worker. The most specific host with a route that fits wins: an exact
/// one, then wildcards from the longest to the shortest, then any. Within a host a route that asks for a protocol comes
/// before one that does not. Names are compared without regard to case and a final dot.
/// </remarks>
internal sealed class HelloRoutes
{
    private readonly Dictionary<byte[], List<Entry>> _exact = new(AsciiComparer.IgnoreCase);
    private readonly Dictionary<byte[], List<Entry>> _wildcard = new(AsciiComparer.IgnoreCase);
    private readonly List<Entry> _any = [];
    private Dictionary<byte[], List<Entry>>.AlternateLookup<ReadOnlySpan<byte>> _exactLookup;
    private Dictionary<byte[], List<Entry>>.AlternateLookup<ReadOnlySpan<byte>> _wildcardLookup;

    /// <summary>Creates an empty table.</summary>
    internal HelloRoutes()
    {
        _exactLookup = _exact.GetAlternateLookup<ReadOnlySpan<byte>>();
        _wildcardLookup = _wildcard.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Adds a route. Of two that match the same, the one added first wins.</summary>
    /// <param name="host">A host name, <c>*.example.com</c> for those below it, or empty for any.</param>
    /// <param name="protocols">Any of these has to be offered; empty when that does not matter.</param>
    /// <param name="cluster">Where such connections go.</param>
    internal void Add(string host, IReadOnlyList<string> protocols, Cluster cluster)
    {
        var entries = EntriesOf(host);
        var names = new byte[protocols.Count][];
        for (var i = 0; i < names.Length; i++) names[i] = Encoding.ASCII.GetBytes(protocols[i]);
        var entry = new Entry(names, cluster);
        var index = entry.Protocols.Length == 0 ? entries.Count : entries.FindIndex(e => e.Protocols.Length == 0);
        entries.Insert(index < 0 ? entries.Count : index, entry);
    }

    /// <summary>The cluster of a connection, or null when nothing matches.</summary>
    internal Cluster? Find(in ClientHello hello)
    {
        var name = hello.ServerName is [.. var dotless, (byte)'.'] ? dotless : hello.ServerName;
        if (_exactLookup.TryGetValue(name, out var entries) && Find(entries, hello) is { } exact) return exact;
        for (var dot = name.IndexOf((byte)'.'); dot >= 0; dot = name.IndexOf((byte)'.'))
        {
            name = name[(dot + 1)..];
            if (_wildcardLookup.TryGetValue(name, out entries) && Find(entries, hello) is { } below) return below;
        }
        return Find(_any, hello);
    }

    private static Cluster? Find(List<Entry> entries, in ClientHello hello)
    {
        foreach (var entry in entries)
        {
            if (entry.Fits(hello)) return entry.Cluster;
        }
        return null;
    }

    private List<Entry> EntriesOf(string host)
    {
        if (host.Length == 0) return _any;
        var isWildcard = host.StartsWith("*.", StringComparison.Ordinal);
        var key = Encoding.ASCII.GetBytes((isWildcard ? host[2..] : host).TrimEnd('.'));
        var table = isWildcard ? _wildcard : _exact;
        if (!table.TryGetValue(key, out var entries)) table.Add(key, entries = []);
        return entries;
    }

    private readonly record struct Entry(byte[][] Protocols, Cluster Cluster)
    {
        internal bool Fits(in ClientHello hello)
        {
            if (Protocols.Length == 0) return true;
            foreach (var protocol in Protocols)
            {
                if (hello.Offers(protocol)) return true;
            }
            return false;
        }
    }
}
