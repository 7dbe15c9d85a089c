using System.Net;
using System.Text;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;

namespace Tailrace.Cli.Demo;

/// <summary>
/// <c>/proxy</c>: fetches a page by the built-in HTTP client and relays it. <c>?url=http://...</c> says which; this
/// machine's own only, or the demo would fetch for anybody what only this machine may reach.
/// </summary>
/// <param name="server">The demo: its second listener is the origin.</param>
internal sealed class ProxyPage(Server server)
{
    private readonly FetchClient _client = new();

    /// <summary>Answers the page.</summary>
    public async LoopTask AnswerAsync(Exchange exchange)
    {
        var url = Parameter(exchange, "url"u8) ?? $"{DemoPages.UrlOf(server.Addresses[1])}/echo";
        if (!IsOfThisMachine(url))
        {
            await exchange.Respond(400, "?url= takes http://127.0.0.1, http://[::1] or http://localhost only\n");
            return;
        }
        using var answer = await _client.GetAsync(exchange.Reactor, url);
        await answer.RelayAsync(exchange);
    }

    private static bool IsOfThisMachine(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Host == "localhost" || (IPAddress.TryParse(uri.DnsSafeHost, out var ip) && IPAddress.IsLoopback(ip)));

    private static string? Parameter(Exchange exchange, ReadOnlySpan<byte> name)
    {
        var query = exchange.Request.Query.In(exchange.RequestBytes);
        foreach (var range in query.Split((byte)'&'))
        {
            var pair = query[range];
            if (pair.Length <= name.Length || !pair.StartsWith(name) || pair[name.Length] != '=') continue;
            return Uri.UnescapeDataString(Encoding.ASCII.GetString(pair[(name.Length + 1)..]));
        }
        return null;
    }
}
