using System.Text;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Finds the handler of a request by host and path.</summary>
/// <remarks>
/// <para>Immutable once built; one for each listener and worker. The most specific host that has a matching path wins:
/// an exact host, then wildcards from the longest to the shortest, then routes for any host. Within a host an exact
/// path comes before prefixes, and a longer prefix before a shorter one. A prefix matches whole segments: <c>/api</c>
/// covers <c>/api</c> and <c>/api/users</c>, not <c>/apix</c>. Of several routes with the same host and path the first
/// whose condition holds wins; when none does, the search goes on as if they were not there.</para>
/// <para>Hosts are compared without regard to case, port and a final dot; paths byte for byte, in the form of
/// <see cref="PathSyntax"/>.</para>
/// </remarks>
public sealed class RouteTable
{
    private readonly Dictionary<byte[], PathTable> _exact = new(AsciiComparer.IgnoreCase);
    private readonly Dictionary<byte[], PathTable> _wildcard = new(AsciiComparer.IgnoreCase);
    private readonly PathTable _any = new();
    private int _wildcardLengthMax;
    private Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> _exactLookup;
    private Dictionary<byte[], PathTable>.AlternateLookup<ReadOnlySpan<byte>> _wildcardLookup;

    /// <summary>Creates an empty table.</summary>
    public RouteTable()
    {
        _exactLookup = _exact.GetAlternateLookup<ReadOnlySpan<byte>>();
        _wildcardLookup = _wildcard.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>The only handler that there is, if it takes every host and every path; else null.</summary>
    internal Handler? Sole { get; private set; }

    /// <summary>Adds a route. Of two that match the same, the one added first wins.</summary>
    /// <param name="host">A host name, <c>*.example.com</c> for those below it, or empty for any.</param>
    /// <param name="path">The path; empty for any.</param>
    /// <param name="isPrefix">Whether the path matches whole segments at the front.</param>
    /// <param name="handler">What answers.</param>
    public void Add(string host, string path, bool isPrefix, Handler handler) =>
        Add(host, path, isPrefix, handler, condition: null);

    /// <summary>Adds a route that is taken when a condition holds too; null for always.</summary>
    internal void Add(string host, string path, bool isPrefix, Handler handler, RouteCondition? condition)
    {
        TableOf(host).Add(Normal(Encoding.UTF8.GetBytes(path)), isPrefix, handler, condition);
        Sole = _exact.Count == 0 && _wildcard.Count == 0 ? _any.Sole : null;
    }

    /// <summary>The handler of a request, or null when nothing matches.</summary>
    /// <param name="head">The request's head.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="client">The connection that it came on.</param>
    public Handler? Find(RequestHead head, ReadOnlySpan<byte> bytes, Connection client) =>
        Find(head, bytes, client, head.Path.In(bytes));

    /// <summary>The same for a request whose path is taken in another form than the one that was sent.</summary>
    internal Handler? Find(RequestHead head, ReadOnlySpan<byte> bytes, Connection client, ReadOnlySpan<byte> path)
    {
        if (Sole is not null) return Sole;
        var request = new Request(head, bytes, client);
        if (path.IsEmpty) path = "/"u8;
        if (_exact.Count > 0 || _wildcard.Count > 0)
        {
            var host = HostOf(head.Authority.In(bytes));
            if (_exactLookup.TryGetValue(host, out var table) && table.Find(path, request) is { } handler)
                return handler;
            if (_wildcard.Count > 0 && FindWildcard(host, path, request) is { } below) return below;
        }
        return _any.Find(path, request);
    }

    private Handler? FindWildcard(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path, in Request request)
    {
        host = EndOf(host, _wildcardLengthMax);
        for (var dot = host.IndexOf((byte)'.'); dot >= 0; dot = host.IndexOf((byte)'.'))
        {
            host = host[(dot + 1)..];
            if (_wildcardLookup.TryGetValue(host, out var table) && table.Find(path, request) is { } handler)
                return handler;
        }
        return null;
    }

    /// <summary>
    /// The part of a host that has all of its ends of at most a length, with their dots: a host can be as long as a
    /// head, and of dots alone, and the time to look up each of its ends would go by the square of that.
    /// </summary>
    internal static ReadOnlySpan<byte> EndOf(ReadOnlySpan<byte> host, int lengthMax) =>
        host.Length > lengthMax + 1 ? host[^(lengthMax + 1)..] : host;

    private PathTable TableOf(string host)
    {
        if (host.Length == 0 || host == "*") return _any;
        var isWildcard = host.StartsWith("*.", StringComparison.Ordinal);
        var key = Encoding.ASCII.GetBytes((isWildcard ? host[2..] : host).TrimEnd('.'));
        var tables = isWildcard ? _wildcard : _exact;
        if (isWildcard) _wildcardLengthMax = Math.Max(_wildcardLengthMax, key.Length);
        if (!tables.TryGetValue(key, out var table)) tables.Add(key, table = new PathTable());
        return table;
    }

    private static byte[] Normal(byte[] path)
    {
        if (path.Length == 0) return path;
        var form = new byte[path.Length];
        return form[..PathSyntax.Normalize(path, form, out _)];
    }

    /// <summary>An authority without its port and final dot.</summary>
    private static ReadOnlySpan<byte> HostOf(ReadOnlySpan<byte> authority)
    {
        // Neither a port nor a final dot ends in a letter.
        if (authority is [.., var last] && char.IsAsciiLetter((char)last)) return authority;
        var colon = authority.LastIndexOf((byte)':');
        if (colon >= 0 && authority.LastIndexOf((byte)']') < colon) authority = authority[..colon];
        return authority is [.. var name, (byte)'.'] ? name : authority;
    }

    /// <summary>What conditions are about.</summary>
    private readonly ref struct Request(RequestHead head, ReadOnlySpan<byte> bytes, Connection client)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        internal bool Meets(RouteCondition condition) => condition.Holds(head, _bytes, client);
    }

    /// <summary>The routes of one host.</summary>
    private sealed class PathTable
    {
        private readonly Dictionary<byte[], Entry> _exact = new(AsciiComparer.Exact);
        private readonly Dictionary<byte[], Entry>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
        private Prefix[] _prefixes = [];

        /// <summary>The only handler that there is, if it takes every path.</summary>
        internal Handler? Sole =>
            _exact.Count == 0 && _prefixes is [{ Path: [], Entry: { Conditional: null } entry }] ? entry.Handler : null;

        internal PathTable() => _lookup = _exact.GetAlternateLookup<ReadOnlySpan<byte>>();

        internal void Add(byte[] path, bool isPrefix, Handler handler, RouteCondition? condition)
        {
            if (!isPrefix && path.Length > 0)
            {
                _exact[path] = _exact.GetValueOrDefault(path).With(handler, condition);
                return;
            }
            var index = 0;
            while (index < _prefixes.Length && IsBefore(_prefixes[index].Path, path)) index++;
            var isNew = index == _prefixes.Length || !_prefixes[index].Path.AsSpan().SequenceEqual(path);
            if (isNew) _prefixes = [.. _prefixes[..index], new Prefix(path, default), .. _prefixes[index..]];
            _prefixes[index] = new Prefix(path, _prefixes[index].Entry.With(handler, condition));
        }

        internal Handler? Find(ReadOnlySpan<byte> path, in Request request)
        {
            if (_exact.Count > 0 && _lookup.TryGetValue(path, out var entry) && entry.Choose(request) is { } exact)
                return exact;
            foreach (ref readonly var prefix in _prefixes.AsSpan())
            {
                if (prefix.Matches(path) && prefix.Entry.Choose(request) is { } handler) return handler;
            }
            return null;
        }

        private static bool IsBefore(byte[] other, byte[] path) =>
            other.Length > path.Length || (other.Length == path.Length && !other.AsSpan().SequenceEqual(path));

        private readonly record struct Prefix(byte[] Path, Entry Entry)
        {
            internal bool Matches(ReadOnlySpan<byte> path) => path.StartsWith(Path) && EndsSegment(path);

            private bool EndsSegment(ReadOnlySpan<byte> path) =>
                Path.Length == 0 || Path[^1] == '/' || path.Length == Path.Length || path[Path.Length] == '/';
        }
    }

    /// <summary>The routes of one path: those with conditions, in order, and then the one without.</summary>
    private readonly record struct Entry(Handler? Handler, (RouteCondition Condition, Handler Handler)[]? Conditional)
    {
        // What stands behind a route without a condition is never reached.
        internal Entry With(Handler handler, RouteCondition? condition) =>
            Handler is not null ? this
            : condition is null ? this with { Handler = handler }
            : this with { Conditional = [.. Conditional ?? [], (condition, handler)] };

        internal Handler? Choose(in Request request) => Conditional is null ? Handler : ChooseConditional(request);

        private Handler? ChooseConditional(in Request request)
        {
            foreach (var (condition, handler) in Conditional!)
            {
                if (request.Meets(condition)) return handler;
            }
            return Handler;
        }
    }
}
