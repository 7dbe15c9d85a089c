using System.Text;
using Tailrace.Config;

namespace Tailrace.Hosting;

/// <summary>The content of fixed replies, which may stand in a file.</summary>
internal static class ReplyBody
{
    private const int BytesMax = 1 << 20;

    /// <summary>Reads it.</summary>
    /// <exception cref="StartException">The file cannot be read, or is too long.</exception>
    internal static byte[] Read(RespondOptions options)
    {
        var file = options.BodyFile;
        if (file.Length == 0) return Encoding.UTF8.GetBytes(options.Body);
        try
        {
            var length = new FileInfo(file).Length;
            if (length > BytesMax)
                throw new StartException($"body_file '{file}' has {length} bytes; 1 MiB is the most");
            return File.ReadAllBytes(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            var why = failure switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException => "it is a directory, or reading it is not allowed",
                _ => "it cannot be read",
            };
            throw new StartException($"body_file '{file}': {why}", failure);
        }
    }
}
