using System.Net;
using System.Text;
using Tailrace.Cli.Commands;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Sessions;

namespace Tailrace.Cli.Demo;

/// <summary>The demo's own pages, made on the programmable side.</summary>
internal static class DemoPages
{
    /// <summary>Adds the pages to one listener.</summary>
    public static void Map(Server server, string listener)
    {
        Add("/", exchange => exchange.Respond(200, "text/html; charset=utf-8", Welcome(server)));
        Add("/hello", exchange => exchange.Respond(200, "Hello from Tailrace!\n"));
        var proxyPage = new ProxyPage(server);
        Add("/proxy", proxyPage.AnswerAsync);

        void Add(string path, HandlerDelegate handle) =>
            server.Map(new CodeRoute(Handler.From(handle)) { Listener = listener, Path = path });
    }

    /// <summary>Says what runs and what to try.</summary>
    public static void Explain(Server server, TextWriter output)
    {
        var proxy = UrlOf(server.Addresses[0]);
        output.WriteLine($"""

            Tailrace {CommandTree.Version} runs.
              engine  {Loops.NameOf(server.Engine)} ({server.EngineReason}), {server.WorkerCount} worker(s)
              proxy   {proxy}
              origin  {UrlOf(server.Addresses[1])}

            Try:
              curl {proxy}/hello             a page made in C#
              curl {proxy}/echo              what the origin received, through the proxy
              curl {proxy}/size/1000000 -o /dev/null
              curl -d 'some data' {proxy}/echo
              curl {proxy}/proxy             fetched by the built-in HTTP client

            Ctrl-C stops it and prints statistics.

            """);
        output.Flush();
    }

    /// <summary>What to ask on this machine; one that listens everywhere is there too.</summary>
    public static string UrlOf(EndPoint address)
    {
        if (address is not IPEndPoint ip) return $"http://{address}";
        var isAny = ip.Address.Equals(IPAddress.Any) || ip.Address.Equals(IPAddress.IPv6Any);
        return isAny ? $"http://127.0.0.1:{ip.Port}" : $"http://{ip}";
    }

    private static byte[] Welcome(Server server) => Encoding.UTF8.GetBytes($$"""
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Tailrace</title>
        <style>
          body { font: 1rem/1.5 system-ui, sans-serif; color: #1d2733; }
          body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
          code { background: #eef2f6; padding: .1rem .3rem; border-radius: .2rem; }
          td { padding-right: 1.5rem; }
        </style>
        <h1>Welcome to Tailrace</h1>
        <p>This page is answered in C#, on the event loop that accepted your connection.</p>
        <table>
          <tr><td>Version</td><td>{{CommandTree.Version}}</td></tr>
          <tr><td>Engine</td>
            <td>{{Loops.NameOf(server.Engine)}} ({{WebUtility.HtmlEncode(server.EngineReason)}})</td></tr>
          <tr><td>Workers</td><td>{{server.WorkerCount}}</td></tr>
        </table>
        <ul>
          <li><a href="/hello"><code>/hello</code></a> a greeting from a handler</li>
          <li><a href="/proxy"><code>/proxy</code></a> a request made by the built-in HTTP client, relayed</li>
          <li><a href="/echo"><code>/echo</code></a> what the origin behind the proxy received</li>
          <li><a href="/size/1000"><code>/size/N</code></a>, <a href="/delay/500"><code>/delay/MS</code></a>,
              <a href="/status/418"><code>/status/CODE</code></a>, <a href="/chunked/1000"><code>/chunked/N</code></a>,
              <a href="/trailers"><code>/trailers</code></a> more pages of the origin</li>
        </ul>
        </html>

        """);
}
