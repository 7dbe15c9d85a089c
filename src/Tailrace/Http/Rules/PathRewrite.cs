using System.Text;
using System.Text.RegularExpressions;

namespace Tailrace.Http.Rules;

/// <summary>How the path of a request becomes the one that an origin, or a redirect, gets.</summary>
/// <remarks>
/// <para>Belongs to one worker: .NET's engine keeps state in a pattern. What is rewritten is the form of the path that
/// its route was found by (<see cref="PathSyntax"/>), so no other spelling gets round a prefix or a pattern; and what
/// would leave the new path where an origin decodes more than that is refused. The query is not touched. A path that
/// has lost its first slash gets it back.</para>
/// <para>Prefixes are whole segments: <c>/api</c> is in front of <c>/api</c> and <c>/api/x</c>, not of <c>/apix</c>.
/// What does not begin with the prefix keeps its front.</para>
/// </remarks>
internal sealed class PathRewrite
{
    private readonly byte[] _stripped = [];
    private readonly byte[] _added = [];
    private readonly bool _isWhole;
    private readonly Regex? _pattern;
    private readonly string _replacement = "";
    private byte[] _form = [];

    private PathRewrite(byte[] stripped, byte[] added, bool isWhole)
    {
        if (stripped.Length > 0)
        {
            var form = new byte[stripped.Length];
            stripped = form[..PathSyntax.Normalize(stripped, form, out _)];
        }
        // A slash at the end of a prefix belongs to the rest.
        _stripped = stripped is [.. var segments, (byte)'/'] ? segments : stripped;
        _added = added is [.. var front, (byte)'/'] && !isWhole ? front : added;
        _isWhole = isWhole;
    }

    /// <summary>Replaces every match of an expression.</summary>
    /// <param name="pattern">The expression, with its time limit.</param>
    /// <param name="replacement">What stands for a match, in .NET's notation.</param>
    internal PathRewrite(Regex pattern, string replacement)
    {
        _pattern = pattern;
        _replacement = replacement;
    }

    /// <summary>The same path for every request.</summary>
    internal static PathRewrite Whole(byte[] path) => new([], path, isWhole: true);

    /// <summary>Takes one prefix off and puts another in front; either may be empty.</summary>
    internal static PathRewrite Prefix(byte[] stripped, byte[] added) => new(stripped, added, isWhole: false);

    /// <summary>
    /// Replaces every match of a pattern. It does not backtrack, so the time to find a match is linear in the path; the
    /// limit is there for large patterns, and for those that look far ahead for each of many matches.
    /// </summary>
    internal static PathRewrite Pattern(string pattern, string replacement, TimeSpan timeLimit)
    {
        // What the engine does at its first match is not to be paid by a request, within that request's limit.
        const RegexOptions options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
        new Regex(pattern, options).Replace("/", replacement);
        return new(new Regex(pattern, options, timeLimit), replacement);
    }

    /// <summary>Rewrites a path.</summary>
    /// <param name="path">A path as it was sent, with its first slash.</param>
    /// <param name="buffer">Gets the new path; it is replaced by a larger one where it is too short.</param>
    /// <param name="length">The new path's length; means something when it was done.</param>
    internal RewriteResult Apply(ReadOnlySpan<byte> path, ref byte[] buffer, out int length)
    {
        length = 0;
        if (_isWhole) return Join(default, ref buffer, out length);
        if (!PathSyntax.IsPlain(path, new(0, path.Length)))
        {
            Grow(ref _form, path.Length);
            path = _form.AsSpan(0, PathSyntax.Normalize(path, _form, out _));
        }
        if (_pattern is not null) return Replace(path, ref buffer, out length);
        return PathSyntax.MayLeave(path)
            ? RewriteResult.Ambiguous
            : Join(BeginsWithStripped(path) ? path[_stripped.Length..] : path, ref buffer, out length);
    }

    /// <summary>Puts in front of the rest what is to be there.</summary>
    private RewriteResult Join(ReadOnlySpan<byte> rest, ref byte[] buffer, out int length)
    {
        var needsSlash = _added.Length == 0 && (rest.IsEmpty || rest[0] != '/');
        length = _added.Length + rest.Length + (needsSlash ? 1 : 0);
        Grow(ref buffer, length);
        buffer[0] = (byte)'/';
        _added.CopyTo(buffer, 0);
        rest.CopyTo(buffer.AsSpan(length - rest.Length));
        return RewriteResult.Done;
    }

    private bool BeginsWithStripped(ReadOnlySpan<byte> path) =>
        path.StartsWith(_stripped) && (path.Length == _stripped.Length || path[_stripped.Length] == '/');

    private RewriteResult Replace(ReadOnlySpan<byte> path, ref byte[] buffer, out int length)
    {
        length = 0;
        string text;
        try
        {
            text = _pattern!.Replace(Encoding.Latin1.GetString(path), _replacement);
        }
        catch (RegexMatchTimeoutException)
        {
            return RewriteResult.TookTooLong;
        }
        if (!text.StartsWith('/')) text = $"/{text}";
        Grow(ref buffer, text.Length);
        length = Encoding.Latin1.GetBytes(text, buffer);
        // A match may end within a segment: "/api" of "/api../x", say.
        return PathSyntax.MayLeave(buffer.AsSpan(0, length)) ? RewriteResult.Ambiguous : RewriteResult.Done;
    }

    private static void Grow(ref byte[] buffer, int length)
    {
        if (buffer.Length < length) buffer = new byte[Math.Max(length, 256)];
    }
}
