using System.Text;
using Tailrace.Config;
using Tailrace.Http.Rules;

namespace Tailrace.Hosting;

/// <summary>Builds the edits of heads from valid options.</summary>
internal static class FieldEditPlans
{
    /// <summary>The edits; null when there are none.</summary>
    internal static FieldEdits? Build(HeaderEditOptions options)
    {
        if (options.Set.Count + options.Add.Count + options.Remove.Count == 0) return null;
        var replaced = options.Set.Select(header => header.Name).Concat(options.Remove);
        var added = options.Set.Concat(options.Add);
        return new FieldEdits(
            [.. replaced.Distinct(StringComparer.OrdinalIgnoreCase).Select(Encoding.ASCII.GetBytes)],
            [.. added.Select(header => (Encoding.ASCII.GetBytes(header.Name), TemplateOf(header.Value)))]);
    }

    private static ValueTemplate TemplateOf(string text)
    {
        if (!TextTemplate.TryParse(text, out var parts, out var error)) throw new StartException(error);
        return new ValueTemplate(
            [.. parts.Select(part => (Encoding.ASCII.GetBytes(part.Literal), VariableOf(part.Variable)))]);
    }

    private static Variable VariableOf(string name) => name switch
    {
        "client_ip" => Variable.ClientIp,
        "host" => Variable.Host,
        "method" => Variable.Method,
        "path" => Variable.Path,
        "query" => Variable.Query,
        "upstream" => Variable.Upstream,
        _ => Variable.None,
    };
}
