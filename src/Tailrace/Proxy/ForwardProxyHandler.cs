using System.Globalization;
using System.Net;
using System.Text;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Proxy;

/// <summary>Answers the clients of a forward proxy: CONNECT, and requests whose target is a whole URL.</summary>
/// <remarks>
/// One for each listener and worker; used on the worker's reactor. A name is looked up once, its addresses are judged,
/// and it is those that are connected to: another look-up could give another address.
/// </remarks>
internal sealed class ForwardProxyHandler : Handler
{
    private const int HttpPort = 80;

    private readonly EgressPolicy _policy;
    private readonly FetchOrigins _origins;

    internal ForwardProxyHandler(
        Reactor reactor, ClusterSettings settings, EgressPolicy policy, RequestEdits edits, Resolver resolver)
    {
        _policy = policy;
        _origins = new FetchOrigins(reactor, settings, policy, edits, resolver);
    }

    /// <summary>Closes what is idle; connections in use close when they are given back.</summary>
    internal void Drain() => _origins.Drain();

    /// <inheritdoc/>
    public override async LoopTask HandleAsync(Exchange exchange)
    {
        // 1. What is asked for, and whether its name and port are allowed.
        var isTunnel = exchange.Request.Method == Method.Connect;
        if (!TryRead(exchange, isTunnel, out var url))
        {
            Refuse(exchange, 501, "only http is fetched; others are tunnelled by CONNECT");
            return;
        }
        exchange.Upstream = Encoding.ASCII.GetBytes(url.Authority);
        if (!_policy.AllowsPort(url.Port) || !_policy.AllowsName(url.Host))
        {
            Refuse(exchange, 403, "this host and port are not allowed");
            return;
        }

        // 2. Its addresses, and whether they are allowed.
        var origin = _origins.Of(url);
        var unresolved = await origin.ResolveAsync(exchange.Downstream.Remote.WithoutPort);
        if (origin.IsForbidden)
        {
            Refuse(exchange, 403, "the address of this host is not allowed");
            return;
        }
        if (unresolved != FetchError.None)
        {
            RefuseName(exchange, unresolved);
            return;
        }

        // 3. A tunnel to one of them, or the request forwarded as by a reverse proxy.
        if (isTunnel) await ConnectAsync(exchange, origin);
        else await origin.Forwarder.HandleAsync(exchange);
    }

    private static async LoopTask ConnectAsync(Exchange exchange, FetchOrigin origin)
    {
        var opened = await origin.Pool.OpenAsync(origin.Destination, exchange.Downstream);
        if (opened.Upstream is { } upstream)
        {
            var tunnel = new UpstreamTunnel(
                upstream.Connection, origin.Pool, origin.Destination, isAnswering: false,
                exchange.Settings.TunnelIdleTimeoutMs);
            if (exchange.TryConnected()) exchange.Successor = tunnel;
            else tunnel.Close();
            return;
        }
        var error = opened.Error;
        if (error == IoError.Aborted) exchange.Abort();
        else Refuse(exchange, ConnectFaults.StatusOf(error), ConnectFaults.WordsOf(error));
    }

    /// <summary>Takes the target apart. False for what is no http.</summary>
    private static bool TryRead(Exchange exchange, bool isTunnel, out FetchUrl url)
    {
        var bytes = exchange.RequestBytes;
        var target = exchange.Request.Target.In(bytes);
        var authority = exchange.Request.Authority.In(bytes);
        url = default;
        if (!isTunnel && !Ascii.EqualsIgnoreCase(target[..5], "http:"u8)) return false;
        var hostLength = AuthoritySyntax.HostLength(authority);
        var host = Encoding.ASCII.GetString(authority[..hostLength]).ToLowerInvariant();
        // The syntax has been judged already: what follows is a colon, and digits or none.
        var digits = authority.Length > hostLength + 1 ? authority[(hostLength + 1)..] : default;
        var port = digits.IsEmpty ? HttpPort : int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        var plain = host.Trim('[', ']');
        IPAddress.TryParse(plain, out var ip);
        var name = !isTunnel && port == HttpPort ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
        url = new FetchUrl(plain, port, ip, name, []);
        return true;
    }

    private static void RefuseName(Exchange exchange, FetchError error)
    {
        if (error == FetchError.TimedOut) Refuse(exchange, 504, "the name was not found in time");
        else if (error == FetchError.LimitReached) Refuse(exchange, 503, "too many names are being looked up");
        else Refuse(exchange, 502, "the name was not found");
    }

    private static void Refuse(Exchange exchange, int status, string reason)
    {
        // Bytes behind a CONNECT are meant for the tunnel, and must not be read as a request now.
        if (exchange.Request.Method == Method.Connect) exchange.CloseAfterwards();
        ErrorReply.Explain(exchange, status, reason);
    }
}
