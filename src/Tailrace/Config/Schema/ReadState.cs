namespace Tailrace.Config.Schema;

/// <summary>What one reading of a file gathers: where everything stands, and what is wrong.</summary>
internal sealed class ReadState(string file)
{
    private readonly List<ConfigError> _errors = [];
    private readonly Dictionary<string, ConfigNode> _places = [];
    private readonly HashSet<string> _broken = [];
    private readonly HashSet<string> _incomplete = [];

    /// <summary>Everything that is wrong, in the order of the file.</summary>
    public IReadOnlyList<ConfigError> Errors
    {
        get
        {
            // A stable order: two errors in one place keep the order in which they were found.
            ConfigError[] sorted = [.. _errors.OrderBy(e => e.Line).ThenBy(e => e.Column)];
            return sorted;
        }
    }

    /// <summary>Remembers where the value of a path stands.</summary>
    public void Place(string path, ConfigNode node) => _places[path] = node;

    /// <summary>Reports a value that could not be read.</summary>
    public void Fail(string path, ConfigNode node, string message)
    {
        MarkBroken(path);
        MarkIncomplete(ConfigPath.Parent(path));
        Report(node.Line, node.Column, Prefix(path) + message);
    }

    /// <summary>Reports something that is not about the value of one path.</summary>
    public void Report(int line, int column, string message) =>
        _errors.Add(new ConfigError(file, line, column, message));

    /// <summary>Says that a path has no trustworthy value, so that nothing that follows from it is reported.</summary>
    public void MarkBroken(string path) => _broken.Add(path);

    /// <summary>
    /// Says that something was meant to stand in a section and does not, so that nothing is concluded from what else
    /// stands there.
    /// </summary>
    public void MarkIncomplete(string path) => _incomplete.Add(path);

    /// <summary>Reports what the checks found, at the nearest place that stands in the file.</summary>
    public void Report(ProblemList problems)
    {
        foreach ((ConfigProblem problem, string? dependsOn) in problems.All)
        {
            if (IsBroken(problem.Path)) continue;
            if (dependsOn is not null
                && (IsBroken(dependsOn) || _incomplete.Contains(dependsOn) || _incomplete.Contains(problem.Path)))
                continue;
            _errors.Add(Locate(problem));
        }
    }

    /// <summary>A problem at the nearest place that stands in the file.</summary>
    public ConfigError Locate(ConfigProblem problem)
    {
        ConfigNode? node = null;
        string path = problem.Path;
        while (!_places.TryGetValue(path, out node) && path.Length > 0) path = ConfigPath.Parent(path);
        return new ConfigError(file, node?.Line ?? 1, node?.Column ?? 1, Prefix(problem.Path) + problem.Message);
    }

    private bool IsBroken(string path)
    {
        for (; path.Length > 0; path = ConfigPath.Parent(path))
        {
            if (_broken.Contains(path)) return true;
        }
        return _broken.Contains("");
    }

    private static string Prefix(string path) => path.Length == 0 ? "" : $"{ConfigPath.Last(path)}: ";
}

/// <summary>What checks found, each with the path whose value it came from.</summary>
internal sealed class ProblemList
{
    private readonly List<(ConfigProblem Problem, string? DependsOn)> _all = [];
    private readonly HashSet<string> _wrong = [];

    /// <summary>The problems, each with another path without which it means nothing.</summary>
    /// <remarks>What rests on a value that is wrong by itself is left out: it will change with that value.</remarks>
    public IEnumerable<(ConfigProblem Problem, string? DependsOn)> All =>
        _all.Where(p => p.DependsOn is null || !_wrong.Contains(p.DependsOn));

    /// <summary>Adds a problem.</summary>
    /// <param name="path">Where.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="dependsOn">Another path that the problem rests on: if that is broken, this may be a mere
    /// consequence.</param>
    public void Add(string path, string message, string? dependsOn = null)
    {
        _all.Add((new ConfigProblem(path, message), dependsOn));
        if (dependsOn is null) _wrong.Add(path);
    }
}

/// <summary>Paths as they are shown to users: <c>listeners[0].timeouts.head</c>.</summary>
internal static class ConfigPath
{
    /// <summary>The path of a key.</summary>
    public static string Of(string parent, string key) => parent.Length == 0 ? key : $"{parent}.{key}";

    /// <summary>The path of a list item.</summary>
    public static string Of(string parent, int index) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{parent}[{index}]");

    /// <summary>The path without its last key or index; empty for the root.</summary>
    public static string Parent(string path)
    {
        int cut = path.AsSpan().LastIndexOfAny('.', '[');
        return cut < 0 ? "" : path[..cut];
    }

    /// <summary>The last key with its index, if it has one.</summary>
    public static string Last(string path) => path[(path.LastIndexOf('.') + 1)..];
}
