using System.Text;
using Tailrace.Config;

namespace Tailrace.Hosting;

/// <summary>The content of fixed replies, which may stand in a file.</summary>
internal static class ReplyBody
{
    private const int BytesMax = 1 << 20;

    /// <summary>Reads it.</summary>
    /// <exception cref="StartException">The file cannot be read, or is too long.</exception>
    internal static byte[] Read(RespondOptions options) =>
        TryRead(options, out var body, out var error) ? body : throw new StartException($"body_file {error}");

    /// <summary>Reads it; false when the file cannot be read, or is too long.</summary>
    internal static bool TryRead(RespondOptions options, out byte[] body, out string error)
    {
        var file = options.BodyFile;
        (body, error) = ([], "");
        try
        {
            if (file.Length == 0) body = Encoding.UTF8.GetBytes(options.Body);
            else if (new FileInfo(file).Length is > BytesMax and var length)
                error = $"'{file}' has {length} bytes; 1 MiB is the most";
            else body = File.ReadAllBytes(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            var why = failure switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException => "it is a directory, or reading it is not allowed",
                _ => "it cannot be read",
            };
            error = $"'{file}': {why}";
        }
        return error.Length == 0;
    }
}
