using System.Text;
using Tailrace.Config;
using Tailrace.Handlers;
using Tailrace.Http.Rules;
using Tailrace.Proxy;
using Tailrace.Proxy.Balancing;
using Tailrace.Sessions;

namespace Tailrace.Hosting;

/// <summary>Builds what answers the requests of a route, anew for each worker: handlers keep state.</summary>
/// <param name="clusters">The worker's clusters, by name.</param>
/// <param name="failures">Where requests that a route has given up are logged.</param>
internal sealed class RouteHandlers(IReadOnlyDictionary<string, Cluster> clusters, FailureLog failures)
{
    private readonly List<Mirror> _mirrors = [];

    /// <summary>Gives up the copies that are under way.</summary>
    internal void Drain()
    {
        foreach (var mirror in _mirrors) mirror.Close();
    }

    /// <summary>The handler of a route.</summary>
    internal Handler Build(RoutePlan route)
    {
        if (route.Options.Respond is { } respond) return BuildReply(respond, route);
        if (route.Options.Redirect is { } redirect) return BuildRedirect(redirect, route);
        Handler forward = route.Options.Split is { } split
            ? BuildSplit(split, route)
            : Forward(route.Options.Cluster, route);
        if (route.Options.Mirror is { } mirror) forward = BuildMirror(mirror, route, forward);
        if (BuildRewrite(route.Options.Rewrite) is not { } rewrite) return forward;
        return new RewriteHandler(rewrite, forward)
        {
            Fields = route.ResponseEdits.Fields,
            Failed = reason => LogFailure(route, reason),
        };
    }

    private ForwardHandler Forward(string cluster, RoutePlan route) =>
        new(clusters[cluster], route.Edits, route.ResponseEdits);

    private SplitHandler BuildSplit(SplitOptions options, RoutePlan route) => new(
        [.. options.To.Select(target => ((Handler)Forward(target.Cluster, route), target.Weight))],
        options.By switch
        {
            SplitKey.Source => new RequestKey(HashSource.Source, ""),
            SplitKey.Header => new RequestKey(HashSource.Header, options.Name),
            SplitKey.Cookie => new RequestKey(HashSource.Cookie, options.Name),
            _ => null,
        });

    private MirrorHandler BuildMirror(MirrorOptions options, RoutePlan route, Handler inner)
    {
        var settings = new MirrorSettings(options.Percent, options.Body, options.InFlight);
        var mirror = new Mirror(clusters[options.Cluster], route.Edits, settings);
        _mirrors.Add(mirror);
        return new MirrorHandler(mirror, inner);
    }

    private static Handler BuildReply(RespondOptions options, RoutePlan route)
    {
        var fields = route.ResponseEdits.Fields;
        if (route.Body.Length <= Exchange.PieceBytesMax)
            return new FixedReply(options.Status, options.ContentType, route.Body) { Fields = fields };
        var contentType = Encoding.ASCII.GetBytes(options.ContentType);
        return new LongReply(options.Status, contentType, route.Body) { Fields = fields };
    }

    private Redirect BuildRedirect(RedirectOptions options, RoutePlan route)
    {
        var ownPort = options.Scheme == RedirectScheme.Https ? 443 : 80;
        return new Redirect(options.Status)
        {
            Scheme = options.Scheme switch
            {
                RedirectScheme.Http => "http"u8.ToArray(),
                RedirectScheme.Https => "https"u8.ToArray(),
                _ => [],
            },
            Host = Encoding.ASCII.GetBytes(options.Host),
            Port = options.Port == 0 ? null
                : options.Port == ownPort ? []
                : Encoding.ASCII.GetBytes($":{options.Port}"),
            Path = BuildRewrite(route.Options.Rewrite),
            KeepsQuery = options.KeepQuery,
            Fields = route.ResponseEdits.Fields,
            Failed = reason => LogFailure(route, reason),
        };
    }

    private static PathRewrite? BuildRewrite(RewriteOptions? options) => options switch
    {
        null => null,
        { Path.Length: > 0 } => PathRewrite.Whole(Encoding.ASCII.GetBytes(options.Path)),
        { Pattern.Length: > 0 } => PathRewrite.Pattern(options.Pattern, options.Replacement, options.TimeLimit),
        _ => PathRewrite.Prefix(
            Encoding.ASCII.GetBytes(options.StripPrefix), Encoding.ASCII.GetBytes(options.AddPrefix)),
    };

    private void LogFailure(RoutePlan route, string reason) =>
        failures.Warn(reason, route.Options.Name.Length > 0 ? route.Options.Name : route.Host + route.Path);
}
