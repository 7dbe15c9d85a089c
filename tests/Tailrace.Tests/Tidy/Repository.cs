namespace Tailrace.Tests.Tidy;

/// <summary>The working tree that the tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] s_skipped = [".git", "artifacts", "bin", "obj", "TestResults", "__pycache__"];

    /// <summary>The folder of Tailrace.slnx, found upwards from the test binary.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Every C# file below a folder of the repository; generated ones (<c>*.g.cs</c>) are left out.</summary>
    public static IEnumerable<SourceFile> Sources(params string[] folders) =>
        folders.Select(folder => Path.Combine(Root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Files(folder))
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal)
                && !path.EndsWith(".g.cs", StringComparison.Ordinal))
            .Select(path => new SourceFile(Relative(path), File.ReadAllText(path)));

    /// <summary>Every file below a folder, build output left out, as full paths.</summary>
    public static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder).Concat(
            Directory.EnumerateDirectories(folder)
                .Where(child => !s_skipped.Contains(Path.GetFileName(child)))
                .SelectMany(Files));

    /// <summary>Whether a file or folder of that relative path exists.</summary>
    public static bool Exists(string path) => Path.Exists(Path.Combine(Root, path));

    /// <summary>A full path as the repository names it, with forward slashes.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static string FindRoot(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Tailrace.slnx"))) return folder.FullName;
        }
        throw new InvalidOperationException($"no Tailrace.slnx above {start}");
    }
}
