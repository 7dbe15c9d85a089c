using System.Runtime.InteropServices;

namespace Tailrace.Conformance.Support;

/// <summary>Leaves this process without a free descriptor until it is disposed of (getrlimit(2)).</summary>
internal sealed class DescriptorShortage : IDisposable
{
    private const int NumberOfFiles = 7;

    private readonly Limit _before;
    private readonly List<FileStream> _fillers = [];

    internal DescriptorShortage()
    {
        Assert.Equal(0, getrlimit(NumberOfFiles, out _before));
        // The framework opens what it needs to open files first.
        _fillers.Add(File.OpenRead("/dev/null"));
        var highest = Directory.EnumerateFiles("/proc/self/fd").Max(path => int.Parse(Path.GetFileName(path)));
        var limit = _before with { Soft = (nuint)highest + 2 };
        Assert.Equal(0, setrlimit(NumberOfFiles, limit));
        try
        {
            while (true) _fillers.Add(File.OpenRead("/dev/null"));
        }
        catch (IOException)
        {
            // None is left.
        }
    }

    public void Dispose()
    {
        Assert.Equal(0, setrlimit(NumberOfFiles, _before));
        foreach (var filler in _fillers) filler.Dispose();
    }

    [DllImport("libc")]
    private static extern int getrlimit(int resource, out Limit limit);

    [DllImport("libc")]
    private static extern int setrlimit(int resource, in Limit limit);

    private readonly record struct Limit(nuint Soft, nuint Hard);
}
