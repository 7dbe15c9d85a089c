using System.Net;
using Tailrace.Config.Schema;

namespace Tailrace.Config;

/// <summary>
/// Reads a configuration: a tree of nodes becomes options, or a list of everything that is wrong with it.
/// </summary>
/// <remarks>
/// Pure: no file is opened and nothing is looked up, so the same tree always gives the same answer. An error never
/// stops the reading; what follows from an error is not reported again.
/// </remarks>
public static class ConfigReader
{
    /// <summary>Reads and validates a configuration.</summary>
    /// <param name="file">The file as the user named it, for the errors.</param>
    /// <param name="root">The tree.</param>
    /// <param name="isOwn">See <see cref="Validator.Validate"/>.</param>
    public static ConfigResult Read(string file, ConfigNode root, Func<IPAddress, bool>? isOwn = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        var state = new ReadState(file);
        if (root.Kind == ConfigNodeKind.Nothing)
        {
            state.Report(1, 1, "the configuration is empty; it needs at least 'listeners' and 'routes'");
            return new ConfigResult(new TailraceOptions(), state.Errors);
        }
        state.Place("", root);
        TailraceOptions options = ConfigSchema.Root.Read(root, new TailraceOptions(), "", state);
        state.Report(Validator.Find(options, hasHandlers: false, isOwn));
        return new ConfigResult(options, state.Errors) { Locator = state.Locate };
    }

    /// <summary>
    /// The JSON Schema (draft 2020-12) of a configuration file, by which editors complete and check it.
    /// </summary>
    public static string JsonSchema() => ConfigSchema.ToJsonSchema();

    /// <summary>The reference of all keys, as Markdown tables.</summary>
    public static string MarkdownReference() => ConfigSchema.ToMarkdown();
}
