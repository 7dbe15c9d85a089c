using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Io.ProxyProtocol;
using Tailrace.Proxy;
using Tailrace.Proxy.Tcp;
using Tailrace.Sessions;

namespace Tailrace.Hosting;

/// <summary>The options in the form that workers are built from. Immutable and shared by all of them.</summary>
internal sealed class Snapshot
{
    private Snapshot(IReadOnlyList<ListenerPlan> listeners, IReadOnlyList<ClusterPlan> clusters)
    {
        Listeners = listeners;
        Clusters = clusters;
    }

    internal IReadOnlyList<ListenerPlan> Listeners { get; }

    internal IReadOnlyList<ClusterPlan> Clusters { get; }

    /// <summary>Builds it from valid options.</summary>
    internal static Snapshot Build(TailraceOptions options) => new(
        [.. options.Listeners.Select(listener => ListenerPlan.From(listener, options))],
        [.. options.Clusters.Select(cluster => ClusterPlan.From(cluster.Key, cluster.Value))]);

    internal static int Milliseconds(TimeSpan time) => (int)Math.Min(time.TotalMilliseconds, int.MaxValue);
}

/// <summary>A listener as workers build it.</summary>
internal sealed record ListenerPlan(
    string Name, EndPoint Address, ListenSettings Socket, ConnectionBudget Budget, ServerSettings Settings,
    IReadOnlyList<RoutePlan> Routes)
{
    /// <summary>How a TCP listener treats its connections; null for HTTP.</summary>
    internal TcpSettings? Tcp { get; private init; }

    /// <summary>Where connections of a TCP listener go by their ClientHello.</summary>
    internal IReadOnlyList<TlsRouteOptions> TlsRoutes { get; private init; } = [];

    /// <summary>Who may connect; null: everybody.</summary>
    internal AddressSet? Allowed { get; private init; }

    /// <summary>Who may not; null: nobody.</summary>
    internal AddressSet? Denied { get; private init; }

    /// <summary>How PROXY headers are taken; null when they are not.</summary>
    internal ProxyGateSettings? Gate { get; private init; }

    /// <summary>The cluster that the connections of a TCP listener go to.</summary>
    internal string Cluster { get; private init; } = "";

    internal static ListenerPlan From(ListenerOptions options, TailraceOptions root)
    {
        if (!ListenAddress.TryParse(options.Address, out var address, out var error)) throw new StartException(error);
        var isHttp = options.Protocol == ListenerProtocol.Http;
        var routes = !isHttp ? [] : options.Routes.Count > 0 ? options.Routes : root.Routes;
        var settings = new ServerSettings
        {
            Limits = new HttpLimits
            {
                HeadBytesMax = options.Limits.Head,
                HeaderCountMax = options.Limits.Headers,
                TargetLengthMax = options.Limits.Target,
                BodyBytesMax = options.Limits.Body,
            },
            HeadTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Head),
            BodyTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Body),
            KeepAliveTimeoutMs = Snapshot.Milliseconds(options.Timeouts.KeepAlive),
            WriteTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Write),
            RequestsPerConnection = options.RequestsPerConnection,
        };
        var name = options.Name.Length > 0 ? options.Name : options.Address;
        return new ListenerPlan(
            name, address.EndPoint,
            new ListenSettings(options.Backlog, Deferred: isHttp && options.DeferAccept),
            new ConnectionBudget(options.MaxConnections),
            settings,
            [.. routes.SelectMany(route => RoutePlan.From(route, options.Forwarded))])
        {
            Tcp = isHttp ? null : TcpOf(options, name),
            Cluster = options.Cluster,
            Gate = GateOf(options.ProxyProtocol),
            TlsRoutes = options.TlsRoutes,
            Allowed = SetOf(options.Allow),
            Denied = SetOf(options.Deny),
        };
    }

    private static ProxyGateSettings? GateOf(ProxyProtocolOptions options) =>
        options.Accept == ProxyProtocolMode.Off ? null : new ProxyGateSettings
        {
            IsRequired = options.Accept == ProxyProtocolMode.Required,
            Trusted = SetOf(options.Trusted),
            TimeoutMs = Snapshot.Milliseconds(options.Timeout),
        };

    private static AddressSet? SetOf(IReadOnlyList<string> ranges) =>
        ranges.Count == 0 ? null : new AddressSet([.. ranges.Select(RangeOf)]);

    private static IPNetwork RangeOf(string text) =>
        AddressRange.TryParse(text, out var range, out var error) ? range : throw new StartException(error);

    private static TcpSettings TcpOf(ListenerOptions options, string name) => new()
    {
        Listener = Encoding.UTF8.GetBytes(name),
        Limits = new TunnelLimits(
            Snapshot.Milliseconds(options.Timeouts.Idle), Snapshot.Milliseconds(options.Timeouts.Lifetime)),
        HelloTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Hello),
    };
}

/// <summary>A route for one host pattern as workers build it.</summary>
internal sealed record RoutePlan(
    string Host, string Path, bool IsPrefix, string Cluster, RespondOptions? Respond, RequestEdits Edits,
    ResponseEdits ResponseEdits)
{
    internal static IEnumerable<RoutePlan> From(RouteOptions options, ForwardedOptions forwarded)
    {
        var edits = new RequestEdits
        {
            XForwarded = PolicyOf(forwarded.XForwarded),
            Forwarded = PolicyOf(forwarded.Forwarded),
            Via = forwarded.Via,
            Host = options.HostHeader switch
            {
                "keep" => HostPolicy.Keep,
                "destination" => HostPolicy.Destination,
                _ => HostPolicy.Fixed,
            },
            FixedHost = Encoding.ASCII.GetBytes(options.HostHeader),
        };
        var responseEdits = new ResponseEdits { Via = forwarded.Via };
        IEnumerable<string> hosts = options.Match.Host.Count > 0 ? options.Match.Host : [""];
        var isPrefix = options.Match.Path.Length == 0;
        var path = isPrefix ? options.Match.PathPrefix : options.Match.Path;
        return hosts.Select(host =>
            new RoutePlan(host, path, isPrefix, options.Cluster, options.Respond, edits, responseEdits));
    }

    private static ForwardedPolicy PolicyOf(ForwardedMode mode) => mode switch
    {
        ForwardedMode.Append => ForwardedPolicy.Append,
        ForwardedMode.Set => ForwardedPolicy.Set,
        _ => ForwardedPolicy.Off,
    };
}

/// <summary>A cluster as workers build it.</summary>
internal sealed record ClusterPlan(ClusterSettings Settings, IReadOnlyList<DestinationPlan> Destinations)
{
    internal static ClusterPlan From(string name, ClusterOptions options) => new(
        new ClusterSettings
        {
            Name = name,
            ConnectTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Connect),
            FirstByteTimeoutMs = Snapshot.Milliseconds(options.Timeouts.FirstByte),
            IdleTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Idle),
            // A connection that begins with the address of one client is not for another.
            PoolIdleMax = options.ProxyProtocol == ProxyProtocolVersion.Off ? options.Pool.IdlePerDestination : 0,
            ProxyVersion = options.ProxyProtocol switch
            {
                ProxyProtocolVersion.V1 => ProxyVersion.V1,
                ProxyProtocolVersion.V2 => ProxyVersion.V2,
                _ => ProxyVersion.Off,
            },
            PoolIdleTimeoutMs = Snapshot.Milliseconds(options.Pool.IdleTimeout),
            ConnectionsMax = options.Limits.ConnectionsPerDestination,
            Retries = options.Retries,
            Limits = new HttpLimits { HeadBytesMax = options.Limits.Head, HeaderCountMax = options.Limits.Headers },
        },
        [.. options.Destinations.Select(DestinationPlan.From)]);
}

/// <summary>A destination as workers build it.</summary>
internal sealed record DestinationPlan(DestinationAddress Address, int Weight)
{
    internal string Name => Address.Name;

    internal static DestinationPlan From(DestinationOptions options)
    {
        if (!DestinationAddress.TryParse(options.Address, out var address, out var error))
            throw new StartException(error);
        return new DestinationPlan(address, options.Weight);
    }
}
