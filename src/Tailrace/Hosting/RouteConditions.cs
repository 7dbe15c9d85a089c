using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Http.Rules;
using Tailrace.Io;
using Tailrace.Proxy;

namespace Tailrace.Hosting;

/// <summary>Builds the conditions of routes, anew for each worker: patterns keep state.</summary>
internal static class RouteConditions
{
    /// <summary>The condition of valid options; null when there is none.</summary>
    internal static RouteCondition? Build(MatchOptions options) => !options.HasConditions ? null
        : new RouteCondition([.. options.Method.Select(Encoding.ASCII.GetBytes)])
        {
            Fields = [.. options.Header.Select(o => new FieldTest(Encoding.ASCII.GetBytes(o.Name), TestOf(o)))],
            Query = [.. options.Query.Select(o => new QueryTest(Encoding.UTF8.GetBytes(o.Name), TestOf(o)))],
            Sources = options.Source.Count == 0 ? null : new AddressSet([.. options.Source.Select(RangeOf)]),
        };

    private static TextTest? TestOf(ValueMatchOptions options)
    {
        if (options.Absent) return null;
        if (options.Pattern.Length > 0) return TextTest.Matching(options.Pattern);
        if (options.Prefix.Length > 0) return TextTest.Prefix(Encoding.UTF8.GetBytes(options.Prefix));
        return options.Value.Length > 0 ? TextTest.Exact(Encoding.UTF8.GetBytes(options.Value)) : TextTest.Any;
    }

    private static IPNetwork RangeOf(string text) =>
        AddressRange.TryParse(text, out var range, out var error) ? range : throw new StartException(error);
}
