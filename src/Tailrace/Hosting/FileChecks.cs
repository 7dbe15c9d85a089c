using Tailrace.Config;
using Tailrace.Config.Schema;

namespace Tailrace.Hosting;

/// <summary>Looks whether the files that options name can be used, before anything is built from them.</summary>
/// <remarks>What <see cref="Validator"/> is not for: it never looks at the machine. Nothing is changed by looking.
/// </remarks>
public static class FileChecks
{
    /// <summary>Everything that is wrong with the files; empty when they can be used.</summary>
    /// <param name="options">Valid options.</param>
    public static IReadOnlyList<ConfigProblem> Find(TailraceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = new List<ConfigProblem>();
        if (FaultOfLog(options.AccessLog) is { } fault) problems.Add(new ConfigProblem("access_log.path", fault));
        AddBodies(options.Routes, "routes", problems);
        foreach (var (index, listener) in options.Listeners.Index())
            AddBodies(listener.Routes, ConfigPath.Of(ConfigPath.Of("listeners", index), "routes"), problems);
        return problems;
    }

    private static void AddBodies(IReadOnlyList<RouteOptions> routes, string path, List<ConfigProblem> problems)
    {
        foreach (var (index, route) in routes.Index())
        {
            if (route.Respond is not { } respond || ReplyBody.TryRead(respond, out _, out var error)) continue;
            problems.Add(new ConfigProblem(ConfigPath.Of(ConfigPath.Of(path, index), "respond.body_file"), error));
        }
    }

    private static string? FaultOfLog(AccessLogOptions log)
    {
        if (log.Format == AccessLogFormat.Off || log.Path is "stdout" or "stderr") return null;
        if (Directory.Exists(log.Path)) return $"'{log.Path}' is a directory; name a file in it";
        var folder = Path.GetDirectoryName(Path.GetFullPath(log.Path));
        return folder is null || Directory.Exists(folder) ? null : $"'{log.Path}': there is no directory '{folder}'";
    }
}
