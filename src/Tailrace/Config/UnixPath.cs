using System.Text;

namespace Tailrace.Config;

/// <summary>Reads <c>unix:/path</c>, the address of a Unix socket (unix(7)).</summary>
internal static class UnixPath
{
    private const string Prefix = "unix:";

    // sockaddr_un has room for 108 bytes on Linux and for 104 elsewhere; the last is a NUL.
    private const int BytesMax = 103;

    /// <summary>Whether the text is meant to be such an address.</summary>
    public static bool IsMeant(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The path in a text for which <see cref="IsMeant"/> holds.</summary>
    public static bool TryParse(string text, out string path, out string error)
    {
        path = text[Prefix.Length..];
        error = "";
        if (!path.StartsWith('/')) error = $"'{text}' is no absolute path; write for example 'unix:/run/app.sock'";
        else if (path.EndsWith('/')) error = $"'{text}' is a directory";
        else if (path.Contains('\0')) error = "a path has no NUL character";
        else if (Encoding.UTF8.GetByteCount(path) > BytesMax)
            error = $"'{path}' is too long; the path of a socket has at most {BytesMax} bytes";
        return error.Length == 0;
    }
}
