using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Io.ProxyProtocol;
using Tailrace.Proxy;
using Tailrace.Proxy.Tcp;
using Tailrace.Proxy.Udp;
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
    /// <param name="options">The options.</param>
    /// <param name="seed">What balancers throw dice by; 0: the same in every process.</param>
    internal static Snapshot Build(TailraceOptions options, ulong seed = 0) => new(
        [.. options.Listeners.Select(listener => ListenerPlan.From(Named(listener, options), options))],
        [.. options.Clusters.Keys.Select(name => ClusterPlan.From(name, options, seed))]);

    /// <summary>A port has listeners of UDP and of TCP, and people and programs have to tell them apart.</summary>
    private static ListenerOptions Named(ListenerOptions listener, TailraceOptions options) =>
        listener is { Protocol: ListenerProtocol.Udp, Name.Length: 0 }
            && options.Listeners.Any(other => other.Protocol != ListenerProtocol.Udp
                && (other.Name.Length > 0 ? other.Name : other.Address) == listener.Address)
            ? listener with { Name = $"{listener.Address}/udp" }
            : listener;

    internal static int Milliseconds(TimeSpan time) => (int)Math.Min(time.TotalMilliseconds, int.MaxValue);
}

/// <summary>A listener as workers build it.</summary>
internal sealed record ListenerPlan(
    string Name, EndPoint Address, AcceptMode Accept, ListenSettings Socket, ConnectionBudget Budget,
    ServerSettings Settings, RequestPolicy Policy, EgressPlan? Egress, IReadOnlyList<RoutePlan> Routes)
{
    /// <summary>What part of all connections one address may have waiting for their PROXY headers.</summary>
    private const int GatePart = 8;

    /// <summary>And so many at least.</summary>
    private const int GateMin = 8;

    /// <summary>Addresses that are told apart there.</summary>
    private const int GateSources = 4096;

    /// <summary>How forwarded connections are treated; null where there are none but HTTP's.</summary>
    internal TcpSettings? Tcp { get; private init; }

    /// <summary>How a UDP listener treats its clients; null for others.</summary>
    internal UdpSettings? Udp { get; private init; }

    /// <summary>Whether HTTP is spoken besides what is forwarded as it is.</summary>
    internal bool IsMixed { get; private init; }

    /// <summary>Where connections of a TCP listener go by their ClientHello.</summary>
    internal IReadOnlyList<TlsRouteOptions> TlsRoutes { get; private init; } = [];

    /// <summary>Who may connect; null: everybody.</summary>
    internal AddressSet? Allowed { get; private init; }

    /// <summary>Who may not; null: nobody.</summary>
    internal AddressSet? Denied { get; private init; }

    /// <summary>How fast connections may come, and how many of one source; null: no limit.</summary>
    internal ConnectionLimits? Limits { get; private init; }

    /// <summary>How PROXY headers are taken; null when they are not.</summary>
    internal ProxyGateSettings? Gate { get; private init; }

    /// <summary>The cluster that the connections of a TCP listener go to.</summary>
    internal string Cluster { get; private init; } = "";

    internal static ListenerPlan From(ListenerOptions options, TailraceOptions root)
    {
        if (!ListenAddress.TryParse(options.Address, out var address, out var error)) throw new StartException(error);
        var isTcp = options.Protocol == ListenerProtocol.Tcp;
        var isMixed = options.Protocol == ListenerProtocol.Mixed;
        var isForward = options.Protocol == ListenerProtocol.Forward;
        var isUdp = options.Protocol == ListenerProtocol.Udp;
        var hasOwn = options.Routes.Count > 0 || isForward || isTcp || isUdp;
        var routes = hasOwn ? options.Routes : root.Routes;
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
            TunnelIdleTimeoutMs = Snapshot.Milliseconds(options.Timeouts.TunnelIdle),
            RequestsPerConnection = options.RequestsPerConnection,
        };
        var name = options.Name.Length > 0 ? options.Name : options.Address;
        return new ListenerPlan(
            name, address.EndPoint, options.Accept,
            new ListenSettings(options.Backlog, Deferred: !isTcp && !isMixed && options.DeferAccept),
            new ConnectionBudget(options.MaxConnections),
            settings,
            RequestPolicy.From(options),
            isForward ? EgressPlan.From(options.ForwardProxy ?? new ForwardProxyOptions()) : null,
            // In a table the first route wins: those without conditions come behind those that have some.
            [.. routes.SelectMany(route => RoutePlan.From(route, options)).OrderBy(route =>
                !route.Options.Match.HasConditions)])
        {
            Tcp = isTcp || isMixed ? TcpOf(options, name) : null,
            IsMixed = isMixed,
            Udp = isUdp ? UdpOf(options, name) : null,
            Cluster = options.Cluster,
            Gate = GateOf(options.ProxyProtocol, options.MaxConnections),
            TlsRoutes = options.TlsRoutes,
            Allowed = SetOf(options.Allow),
            Denied = SetOf(options.Deny),
            Limits = LimitsOf(options.ConnectionLimits),
        };
    }

    private static ProxyGateSettings? GateOf(ProxyProtocolOptions options, int connections) =>
        options.Accept == ProxyProtocolMode.Off ? null : new ProxyGateSettings
        {
            IsRequired = options.Accept == ProxyProtocolMode.Required,
            Trusted = SetOf(options.Trusted),
            Waiting = new ConnectionLimits(
                rate: null, sourceRate: null, Math.Max(connections / GatePart, GateMin),
                new SourceTable(GateSources, prefix4: 32, prefix6: 64)),
            TimeoutMs = Snapshot.Milliseconds(options.Timeout),
        };

    private static ConnectionLimits? LimitsOf(ConnectionLimitOptions options)
    {
        var source = options.PerSource;
        if ((options.Rate | source.Rate | source.Connections) == 0) return null;
        var table = (source.Rate | source.Connections) == 0
            ? null
            : new SourceTable(source.Sources, source.Ipv4Prefix, source.Ipv6Prefix);
        return new ConnectionLimits(
            TokenBucket.Of(options.Rate, options.Burst), TokenBucket.Of(source.Rate, source.Burst),
            source.Connections, table);
    }

    private static AddressSet? SetOf(IReadOnlyList<string> clients)
    {
        if (clients.Count == 0) return null;
        var ranges = clients.Where(text => text != AddressRange.Unix).Select(RangeOf);
        return new AddressSet([.. ranges], hasUnix: clients.Contains(AddressRange.Unix));
    }

    private static IPNetwork RangeOf(string text) =>
        AddressRange.TryParse(text, out var range, out var error) ? range : throw new StartException(error);

    private static UdpSettings UdpOf(ListenerOptions options, string name) => new()
    {
        Listener = Encoding.UTF8.GetBytes(name),
        IdleTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Idle),
        ReceiveBuffer = options.ReceiveBuffer,
    };

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
    string Host, string Path, bool IsPrefix, RouteOptions Options, byte[] Body, RequestEdits Edits,
    ResponseEdits ResponseEdits)
{
    internal static IEnumerable<RoutePlan> From(RouteOptions options, ListenerOptions listener)
    {
        var forwarded = listener.Forwarded;
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
            Fields = FieldEditPlans.Build(options.RequestHeaders),
            Upgrades = new UpgradePolicy([.. options.Upgrade]),
            AnswersContinue = listener.Expect == ExpectMode.Answer,
        };
        var responseEdits = new ResponseEdits
        {
            Via = forwarded.Via,
            Fields = FieldEditPlans.Build(options.ResponseHeaders),
        };
        IEnumerable<string> hosts = options.Match.Host.Count > 0 ? options.Match.Host : [""];
        var isPrefix = options.Match.Path.Length == 0;
        var path = isPrefix ? options.Match.PathPrefix : options.Match.Path;
        var body = options.Respond is { } respond ? ReplyBody.Read(respond) : [];
        return hosts.Select(host => new RoutePlan(host, path, isPrefix, options, body, edits, responseEdits));
    }

    private static ForwardedPolicy PolicyOf(ForwardedMode mode) => mode switch
    {
        ForwardedMode.Append => ForwardedPolicy.Append,
        ForwardedMode.Set => ForwardedPolicy.Set,
        _ => ForwardedPolicy.Off,
    };
}
