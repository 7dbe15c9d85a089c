using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Tailrace.Differential;

/// <summary>Another implementation: one server for requests as they are, one that stands behind our proxy.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Direct">Where it takes requests as they are.</param>
/// <param name="Behind">Where it takes requests from the proxy.</param>
internal sealed record Peer(string Name, IPEndPoint Direct, IPEndPoint Behind);

/// <summary>Kestrel, in this process.</summary>
internal sealed class KestrelPeer : IDisposable
{
    private readonly List<WebApplication> _servers = [];

    /// <summary>Starts both servers.</summary>
    internal Peer Start() => new("Kestrel", StartOne(), StartOne());

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var server in _servers) server.StopAsync().Wait();
    }

    private IPEndPoint StartOne()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            options.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        });
        var app = builder.Build();
        var count = 0;
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            var fields = context.Request.Headers.SelectMany(
                field => field.Value.Select(value => (field.Key, value ?? "")));
            context.Response.Headers[Reading.Field] = Reading.Write(
                Interlocked.Increment(ref count), context.Request.Method, target, body.ToArray(), fields);
            context.Response.ContentLength = 0;
        });
        app.StartAsync().Wait();
        _servers.Add(app);
        var url = new Uri(app.Urls.Single());
        return new IPEndPoint(IPAddress.Loopback, url.Port);
    }
}

/// <summary>Node's http, in a process of its own.</summary>
internal sealed class NodePeer : IDisposable
{
    private readonly Process _process = Process.Start(new ProcessStartInfo("node")
    {
        ArgumentList = { Path.Combine(AppContext.BaseDirectory, "echo.js") },
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    /// <summary>Waits for both servers.</summary>
    internal Peer Start() => new("Node", ReadAddress(), ReadAddress());

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5_000)) _process.Kill();
        _process.Dispose();
    }

    private IPEndPoint ReadAddress() =>
        new(IPAddress.Loopback, int.Parse(_process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture));
}
