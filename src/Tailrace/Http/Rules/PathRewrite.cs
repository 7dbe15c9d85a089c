using System.Text;
using System.Text.RegularExpressions;

namespace Tailrace.Http.Rules;

/// <summary>How the path of a request becomes the one that an origin, or a redirect, gets.</summary>
/// <remarks>
/// <para>Belongs to one worker: .NET's engine keeps state in a pattern. What is not replaced keeps the bytes that the
/// client sent, escapes included; the query is not touched. A path that has lost its first slash gets it back.</para>
/// <para>Prefixes are whole segments: <c>/api</c> is in front of <c>/api</c> and <c>/api/x</c>, not of <c>/apix</c>.
/// What does not begin with the prefix keeps its front.</para>
/// </remarks>
internal sealed class PathRewrite
{
    /// <summary>What to say where the time limit has passed.</summary>
    internal const string TookTooLong = "the pattern of a rewrite took too long";

    private readonly byte[] _stripped = [];
    private readonly byte[] _added = [];
    private readonly bool _isWhole;
    private readonly Regex? _pattern;
    private readonly string _replacement = "";
    private byte[] _form = [];

    private PathRewrite(byte[] stripped, byte[] added, bool isWhole)
    {
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
    /// Replaces every match of a pattern. It does not backtrack, so its time is linear in the path; the limit is there
    /// for large patterns.
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
    /// <param name="length">The new path's length.</param>
    /// <returns>False when the time limit has passed.</returns>
    internal bool TryApply(ReadOnlySpan<byte> path, ref byte[] buffer, out int length)
    {
        if (_pattern is not null) return TryReplace(path, ref buffer, out length);
        var rest = _isWhole ? default : WithoutStripped(path);
        var needsSlash = _added.Length == 0 && (rest.IsEmpty || rest[0] != '/');
        length = _added.Length + rest.Length + (needsSlash ? 1 : 0);
        Grow(ref buffer, length);
        buffer[0] = (byte)'/';
        _added.CopyTo(buffer, 0);
        rest.CopyTo(buffer.AsSpan(length - rest.Length));
        return true;
    }

    /// <summary>
    /// The route was chosen by the normal form of the path, so a prefix that is spelled in another way counts too; then
    /// the rest is that of the normal form.
    /// </summary>
    private ReadOnlySpan<byte> WithoutStripped(ReadOnlySpan<byte> path)
    {
        if (_stripped.Length == 0) return path;
        if (BeginsWithStripped(path)) return path[_stripped.Length..];
        Grow(ref _form, path.Length);
        var form = _form.AsSpan(0, PathSyntax.Normalize(path, _form, out _));
        return BeginsWithStripped(form) ? form[_stripped.Length..] : path;
    }

    private bool BeginsWithStripped(ReadOnlySpan<byte> path) =>
        path.StartsWith(_stripped) && (path.Length == _stripped.Length || path[_stripped.Length] == '/');

    private bool TryReplace(ReadOnlySpan<byte> path, ref byte[] buffer, out int length)
    {
        length = 0;
        string text;
        try
        {
            text = _pattern!.Replace(Encoding.Latin1.GetString(path), _replacement);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
        if (!text.StartsWith('/')) text = $"/{text}";
        Grow(ref buffer, text.Length);
        length = Encoding.Latin1.GetBytes(text, buffer);
        return true;
    }

    private static void Grow(ref byte[] buffer, int length)
    {
        if (buffer.Length < length) buffer = new byte[Math.Max(length, 256)];
    }
}
