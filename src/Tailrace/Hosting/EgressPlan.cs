using System.Net;
using Tailrace.Config;
using Tailrace.Http;
using Tailrace.Proxy;
using Tailrace.Sessions;

namespace Tailrace.Hosting;

/// <summary>The forward proxy of a listener as workers build it.</summary>
internal sealed record EgressPlan(ClusterSettings Settings, EgressPolicy Policy, RequestEdits Edits)
{
    /// <summary>Looks up the names that clients ask for, for all workers: theirs keep no others waiting.</summary>
    internal Resolver Resolver { get; } = new();

    internal static EgressPlan From(ForwardProxyOptions options) => new(
        new ClusterSettings
        {
            Name = "forward proxy",
            ConnectTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Connect),
            FirstByteTimeoutMs = Snapshot.Milliseconds(options.Timeouts.FirstByte),
            IdleTimeoutMs = Snapshot.Milliseconds(options.Timeouts.Idle),
        },
        new EgressPolicy([.. options.Hosts], [.. options.Ports], Ranges(options.Allow), Ranges(options.Deny)),
        // Whose client asks is nobody's business out there.
        new RequestEdits { XForwarded = ForwardedPolicy.Off, Upgrades = new UpgradePolicy("websocket") });

    private static IPNetwork[] Ranges(IReadOnlyList<string> texts) =>
        [.. texts.Select(text => AddressRange.TryParse(text, out var range, out var error)
            ? range
            : throw new StartException(error))];
}
