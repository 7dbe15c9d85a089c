using System.Text;
using Tailrace.Http;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Finds the handler of a request by host and path.</summary>
/// <remarks>
/// <para>Immutable once built; one for each listener and worker. The most specific host that has a matching path wins:
/// an exact host, then wildcards from the longest to the shortest, then routes for any host. Within a host an exact
/// path comes before prefixes, and a longer prefix before a shorter one. A prefix matches whole segments: <c>/api</c>
/// covers <c>/api</c> and <c>/api/users</c>, not <c>/apix</c>.</para>
/// <para>Hosts are compared without regard to case, port and a final dot; paths byte for byte, in the form of
/// <see cref="PathSyntax"/>.</para>
/// </remarks>
public sealed class RouteTable
{
    private readonly Dictionary<byte[], PathTable> _exact = new(AsciiComparer.IgnoreCase);
    private readonly Dictionary<byte[], PathTable> _wildcard = new(AsciiComparer.IgnoreCase);
    private readonly PathTable _any = new();
    private Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> _exactLookup;
    private Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> _wildcardLookup;

    /// <summary>Creates an empty table.</summary>
    public RouteTable()
    {
        _exactLookup = _exact.GetAlternateLookup<ReadOnlySpan<byte>>();
        _wildcardLookup = _wildcard.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Adds a route. Of two that match the same, the one added first wins.</summary>
    /// <param name="host">A host name, <c>*.example.com</c> for those below it, or empty for any.</param>
    /// <param name="path">The path; empty for any.</param>
    /// <param name="isPrefix">Whether the path matches whole segments at the front.</param>
    /// <param name="handler">What answers.</param>
    public void Add(string host, string path, bool isPrefix, Handler handler) =>
        TableOf(host).Add(Normal(Encoding.UTF8.GetBytes(path)), isPrefix, handler);

    private static byte[] Normal(byte[] path)
    {
        if (path.Length == 0) return path;
        var form = new byte[path.Length];
        return form[..PathSyntax.Normalize(path, form, out _)];
    }

    /// <summary>The handler of a request, or null when nothing matches.</summary>
    public Handler? Find(RequestHead head, ReadOnlySpan<byte> bytes) => Find(head, bytes, head.Path.In(bytes));

    /// <summary>The same for a request whose path is taken in another form than the one that was sent.</summary>
    internal Handler? Find(RequestHead head, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty) path = "/"u8;
        if (_exact.Count > 0 || _wildcard.Count > 0)
        {
            var host = HostOf(head.Authority.In(bytes));
            if (_exactLookup.TryGetValue(host, out var table) && table.Find(path) is { } handler) return handler;
            if (_wildcard.Count > 0 && FindWildcard(host, path) is { } below) return below;
        }
        return _any.Find(path);
    }

    private Handler? FindWildcard(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path)
    {
        for (var dot = host.IndexOf((byte)'.'); dot >= 0; dot = host.IndexOf((byte)'.'))
        {
            host = host[(dot + 1)..];
            if (_wildcardLookup.TryGetValue(host, out var table) && table.Find(path) is { } handler) return handler;
        }
        return null;
    }

    private PathTable TableOf(string host)
    {
        if (host.Length == 0 || host == "*") return _any;
        var isWildcard = host.StartsWith("*.", StringComparison.Ordinal);
        var key = Encoding.ASCII.GetBytes((isWildcard ? host[2..] : host).TrimEnd('.'));
        var tables = isWildcard ? _wildcard : _exact;
        if (!tables.TryGetValue(key, out var table)) tables.Add(key, table = new PathTable());
        return table;
    }

    /// <summary>An authority without its port and final dot.</summary>
    private static ReadOnlySpan<byte> HostOf(ReadOnlySpan<byte> authority)
    {
        var colon = authority.LastIndexOf((byte)':');
        if (colon >= 0 && authority.LastIndexOf((byte)']') < colon) authority = authority[..colon];
        return authority is [.. var name, (byte)'.'] ? name : authority;
    }

    /// <summary>The routes of one host.</summary>
    private sealed class PathTable
    {
        private readonly Dictionary<byte[], Handler> _exact = new(AsciiComparer.Exact);
        private readonly Dictionary<byte[], Handler>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
        private Prefix[] _prefixes = [];

        internal PathTable() => _lookup = _exact.GetAlternateLookup<ReadOnlySpan<byte>>();

        internal void Add(byte[] path, bool isPrefix, Handler handler)
        {
            if (!isPrefix && path.Length > 0)
            {
                _exact.TryAdd(path, handler);
                return;
            }
            var index = 0;
            while (index < _prefixes.Length && _prefixes[index].Path.Length >= path.Length) index++;
            _prefixes = [.. _prefixes[..index], new Prefix(path, handler), .. _prefixes[index..]];
        }

        internal Handler? Find(ReadOnlySpan<byte> path)
        {
            if (_exact.Count > 0 && _lookup.TryGetValue(path, out var handler)) return handler;
            foreach (var prefix in _prefixes)
            {
                if (prefix.Matches(path)) return prefix.Handler;
            }
            return null;
        }

        private readonly record struct Prefix(byte[] Path, Handler Handler)
        {
            internal bool Matches(ReadOnlySpan<byte> path) => path.StartsWith(Path) && EndsSegment(path);

            private bool EndsSegment(ReadOnlySpan<byte> path) =>
                Path.Length == 0 || Path[^1] == '/' || path.Length == Path.Length || path[Path.Length] == '/';
        }
    }
}
