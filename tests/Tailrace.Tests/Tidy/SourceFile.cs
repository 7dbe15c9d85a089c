namespace Tailrace.Tests.Tidy;

/// <summary>One C# file as the rules see it: as written, and with comments and strings blanked.</summary>
/// <param name="Path">Relative to the repository, with forward slashes.</param>
/// <param name="Text">As written.</param>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>The prefix of the library's files.</summary>
    public const string Library = "src/Tailrace/";

    /// <summary><see cref="Text"/>, as long, with spaces for comments and for the insides of strings.</summary>
    public string Code { get; } = CodeMask.Apply(Text);

    /// <summary>The lines as written.</summary>
    public string[] Lines => Text.Split('\n');

    /// <summary>The lines of <see cref="Code"/>.</summary>
    public string[] CodeLines => Code.Split('\n');

    /// <summary>The layer: the folder below the library ("Io", "Io/Backends"), empty at its top.</summary>
    public string Folder => InLibrary ? string.Join('/', Path[Library.Length..].Split('/')[..^1]) : "";

    /// <summary>Whether it is part of the library.</summary>
    public bool InLibrary => Path.StartsWith(Library, StringComparison.Ordinal);

    /// <summary>Whether it lies in one of the library's folders, or below it.</summary>
    public bool IsBelow(params ReadOnlySpan<string> folders)
    {
        foreach (var folder in folders)
        {
            if (InLibrary && (Folder + "/").StartsWith(folder + "/", StringComparison.Ordinal)) return true;
        }
        return false;
    }

    /// <summary>Whether it is one of these files of the library.</summary>
    public bool IsOneOf(params ReadOnlySpan<string> files) => InLibrary && files.Contains(Path[Library.Length..]);

    /// <summary>The line number, from 1, of an offset.</summary>
    public int LineOf(int offset) => Text.AsSpan(0, offset).Count('\n') + 1;

    /// <summary>A finding, in the form that editors jump to.</summary>
    public string At(int line, string finding) => $"{Path}:{line}: {finding}";
}
