namespace Tailrace.Tests.Config;

/// <summary>Finds the files of the repository that tests compare with the code.</summary>
internal static class TestFiles
{
    public static string Root
    {
        get
        {
            string? folder = AppContext.BaseDirectory;
            while (folder is not null && !File.Exists(Path.Combine(folder, "Tailrace.slnx")))
            {
                folder = Path.GetDirectoryName(folder);
            }
            return folder ?? throw new InvalidOperationException("the tests run outside the repository");
        }
    }

    public static string Golden => Path.Combine(Root, "tests", "Tailrace.Tests", "Config", "Golden");

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));
}
