using System.Text.RegularExpressions;

namespace Tailrace.Tests.Tidy;

/// <summary>Who may import whom. A folder is a layer is a namespace; one below it belongs to it unless named.</summary>
/// <remarks>
/// Both ways to reach another layer are read: a full name (<c>using Tailrace.Io;</c> is one) and the short one that
/// C# allows inside the same root (<c>Io.Reactor</c>). A layer may always use itself and the folders above it.
/// </remarks>
internal sealed partial class LayerRules
{
    private static readonly Dictionary<string, string[]> s_mayUse = new()
    {
        ["Native"] = [],
        ["Memory"] = [],
        ["Config"] = [],
        ["Telemetry"] = ["Memory", "Config"],
        ["Io"] = ["Native", "Memory", "Telemetry"],
        ["Io/Backends"] = ["Native", "Memory", "Telemetry", "Io"],
        ["Tls"] = ["Native", "Memory", "Io"],
        ["Tls/Hello"] = [],
        ["Http"] = ["Memory"],
        ["Http/H1"] = ["Memory", "Http"],
        ["Http/Rules"] = ["Memory", "Http"],
        ["Http/H2"] = ["Memory", "Http"],
        ["Sessions"] = ["Memory", "Io", "Http", "Http/H1", "Http/H2", "Http/Rules", "Telemetry"],
        ["Proxy"] = ["Memory", "Http", "Http/Rules", "Sessions", "Io", "Telemetry", "Proxy/Balancing",
            "Tls/Hello"],
        ["Proxy/Balancing"] = ["Memory", "Http", "Sessions", "Io", "Telemetry", "Proxy"],
        ["Handlers"] = ["Memory", "Http", "Http/Rules", "Sessions", "Io", "Telemetry"],
        ["Filters"] = ["Memory", "Http", "Sessions", "Io", "Telemetry"],
        ["Hosting"] = ["Native", "Memory", "Config", "Telemetry", "Io", "Tls", "Tls/Hello", "Http", "Http/H1",
            "Http/H2", "Http/Rules", "Sessions", "Proxy", "Proxy/Balancing", "Handlers", "Filters"],
    };

    // Files to which one more layer, or one type of it, is open.
    private static readonly (string From, string Layer, string Type)[] s_exceptions =
    [
        ("Io/Loops.cs", "Io/Backends", ""),
    ];

    private readonly HashSet<string> _types;

    /// <summary>Learns which types there are, which tells <c>Http.Method</c> from a property called Http.</summary>
    /// <param name="library">All files of the library. A file bears the name of its type.</param>
    public LayerRules(IEnumerable<SourceFile> library) =>
        _types = [.. library.Select(file => $"{file.Folder}/{Path.GetFileNameWithoutExtension(file.Path)}")];

    /// <summary>What a file of the library imports and may not, and a namespace that is not its folder.</summary>
    public IEnumerable<string> Check(SourceFile file)
    {
        if (file.Folder.Length == 0) yield break;
        var layer = LayerOf(file.Folder);
        var known = s_mayUse.TryGetValue(layer, out var allowed);
        if (!known) yield return file.At(1, $"'{layer}' is no layer: give it a line in {nameof(LayerRules)}");
        var expected = "Tailrace." + file.Folder.Replace('/', '.');
        var lines = file.CodeLines;
        for (var i = 0; i < lines.Length; i++)
        {
            if (Namespace().Match(lines[i]) is { Success: true } declared)
            {
                if (declared.Groups[1].Value != expected)
                    yield return file.At(i + 1, $"namespace {declared.Groups[1].Value} in folder {file.Folder}");
                continue;
            }
            foreach (var (folder, type) in References(lines[i], file.Folder))
            {
                var used = LayerOf(folder);
                if (!known || used == layer || IsAllowed(file, layer, used, type, allowed!)) continue;
                yield return file.At(i + 1, $"{layer} may not use {used}");
            }
        }
    }

    // A layer may use itself and the folders above it, but not the ones below.
    private static bool IsAllowed(SourceFile file, string layer, string used, string type, string[] allowed) =>
        layer.StartsWith(used + "/", StringComparison.Ordinal)
        || allowed.Contains(used)
        || s_exceptions.Any(e => file.Path[SourceFile.Library.Length..].StartsWith(e.From, StringComparison.Ordinal)
            && e.Layer == used && (e.Type.Length == 0 || e.Type == type));

    // "Io/Backends" is a layer of its own, "Config/Schema" a part of Config.
    private static string LayerOf(string folder) => s_mayUse.ContainsKey(folder) ? folder : folder.Split('/')[0];

    private IEnumerable<(string Folder, string Type)> References(string line, string from)
    {
        foreach (Match match in Dotted().Matches(line))
        {
            var name = match.Value.Replace("global::", "");
            if (name.StartsWith("Tailrace.", StringComparison.Ordinal))
            {
                yield return Split(name["Tailrace.".Length..]);
                continue;
            }
            // A short name is looked up in this namespace and in those around it.
            foreach (var prefix in new[] { from + "/", from.Split('/')[0] + "/", "" })
            {
                var (folder, type) = Split(prefix.Replace('/', '.') + name);
                if (type.Length == 0 || !_types.Contains($"{folder}/{type}")) continue;
                yield return (folder, type);
                break;
            }
        }
    }

    // "Io.Backends.EpollLoop.Create" -> ("Io/Backends", "EpollLoop").
    private static (string Folder, string Type) Split(string name)
    {
        var parts = name.Split('.');
        var two = parts.Length > 1 ? $"{parts[0]}/{parts[1]}" : "";
        return s_mayUse.ContainsKey(two)
            ? (two, parts.Length > 2 ? parts[2] : "")
            : (parts[0], parts.Length > 1 ? parts[1] : "");
    }

    [GeneratedRegex(@"^namespace\s+([\w.]+)")]
    private static partial Regex Namespace();

    [GeneratedRegex(@"(?<![\w.])(?:global::)?[A-Z]\w*(?:\.[A-Z]\w*)+")]
    private static partial Regex Dotted();
}
