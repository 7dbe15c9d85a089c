using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;
using Tailrace.Simulation;
using Tailrace.Simulation.Scenarios;
using Tailrace.Telemetry;
using Tailrace.Tests.Config;

namespace Tailrace.Tests.Sessions;

/// <summary>Plays one transcript against one worker of the real proxy, on a network that delays nothing.</summary>
/// <remarks>
/// <para>Steps: <c>client sends</c>, <c>client receives</c> (all that it got since it was last asked, and nothing else),
/// <c>client sees the end</c> or <c>a reset</c>, <c>client ends</c> (sending), <c>closes</c>, <c>resets</c>, <c>stops
/// reading</c>; the same for <c>origin</c>, which is the connection that was accepted last; <c>30 s pass</c> and <c>30 ms
/// pass</c>. Chunks are compared as one, because where they are split is the network's doing.</para>
/// <para>Other clients come with <c>second connects</c>, and the proxy stops with <c>server drains</c>. Where
/// <c>clusters:</c> names hosts, each is an origin of that name, and active checks find it with <c>first fails its
/// check</c> and <c>first passes its check</c>.</para>
/// </remarks>
internal sealed partial class TranscriptRun : IDisposable
{
    /// <summary>The address of the origin where there is only one.</summary>
    private const string Usual = "10.0.0.2";

    private static readonly Log s_log = new(LogLevel.Error, output: TextWriter.Null);

    private readonly SimWorld _world;
    private readonly Dictionary<string, TranscriptPeer> _peers = [];
    private readonly Reactor _proxy;
    private readonly Reactor _outside;
    private readonly Worker _worker;
    private readonly TailraceOptions _options;
    private readonly EndPoint _address;
    private readonly List<string> _clients = [];
    private int _accepts;

    private static readonly SimConditions s_ideal = new()
    {
        LatencyMsMax = 0,
        SegmentBytesMax = 1 << 20,
        Late = 0,
        ShortRead = 0,
        Busy = 0,
    };

    private TranscriptRun(TailraceOptions options, int windowBytes)
    {
        _world = new SimWorld(1, _ => s_ideal with { WindowBytes = windowBytes });
        _options = options;
        _proxy = _world.CreateReactor(blockBytes: options.Buffers.Block, bulkBytes: options.Buffers.BulkBlock);
        _outside = _world.CreateReactor();
        var snapshot = Snapshot.Build(options);
        _worker = new Worker(_proxy, snapshot, s_log);
        _proxy.Loop.Unhandled = _world.Unhandled.Add;
        var listener = snapshot.Listeners[0];
        _address = _worker.Listen(listener, listener.Address, shared: false, [], accessLog: null);
        var addresses = new Dictionary<string, SocketAddress>();
        ForDestinations((cluster, index, name) =>
        {
            if (!addresses.TryGetValue(name, out var address))
            {
                var handle = StreamServer.Listen(_world, _outside, connection => Accept(name, connection));
                addresses[name] = address = _outside.Loop.LocalAddress(handle).Serialize();
            }
            _worker.SetAddresses(cluster, index, [address]);
        });
        _worker.Serve();
        Connect("client");
    }

    private LoopTask Accept(string name, SocketConnection connection)
    {
        _accepts++;
        return (_peers[name] = new TranscriptPeer(_world, _outside, connection)).ReceiveAsync();
    }

    private void Connect(string name)
    {
        var client = SocketConnection.Rent(_outside);
        _clients.Add(name);
        _peers[name] = new TranscriptPeer(_world, _outside, client);
        _world.Start(_outside, async () =>
        {
            Assert.False((await client.ConnectAsync(_address.Serialize())).IsError);
            await _peers[name].ReceiveAsync();
        });
        Settle();
    }

    /// <summary>Calls back for each destination with its cluster, its place there, and its origin's name.</summary>
    private void ForDestinations(Action<string, int, string> action)
    {
        foreach (var (cluster, options) in _options.Clusters)
        {
            foreach (var (index, destination) in options.Destinations.Index())
                action(cluster, index, new Uri(destination.Address).Host is var host && host == Usual ? "origin" : host);
        }
    }

    /// <summary>The configuration of a transcript.</summary>
    internal static TailraceOptions Configure(Transcript transcript) => Yaml.Options(
        $$"""
        listeners: [ { address: "10.0.0.1:80", {{transcript.Setting("listener", "forwarded: { x_forwarded: off }")}} } ]
        routes: {{transcript.Setting("routes", "[ { cluster: origins } ]")}}
        clusters: {{transcript.Setting("clusters", Origins(transcript.Setting("cluster", "")))}}
        """);

    private static string Origins(string rest) =>
        $$"""{ origins: { destinations: [ "http://{{Usual}}:81" ], {{rest}} } }""";

    /// <summary>Plays it.</summary>
    /// <param name="transcript">What has to happen.</param>
    /// <param name="options">Its configuration.</param>
    /// <param name="isSplit">Whether what is sent is split before the byte with an index, counted over all.</param>
    internal static void Play(Transcript transcript, TailraceOptions options, Predicate<int> isSplit)
    {
        using var run = new TranscriptRun(options, int.Parse(transcript.Setting("window", "1048576")));
        var sent = 0;
        foreach (var step in transcript.Steps)
        {
            if (step.IsSend) run.Send(step, isSplit, ref sent);
            else run.Do(step);
        }
        run.Finish(int.Parse(transcript.Setting("connections", "1")));
    }

    public void Dispose()
    {
        _worker.Dispose();
        _world.Dispose();
    }

    private void Send(TranscriptStep step, Predicate<int> isSplit, ref int sent)
    {
        var peer = PeerOf(step);
        var text = step.Text;
        var start = 0;
        for (var i = 1; i < text.Length; i++)
        {
            if (!isSplit(sent + i)) continue;
            peer.Send(text[start..i]);
            Settle();
            start = i;
        }
        peer.Send(text[start..]);
        Settle();
        sent += text.Length;
    }

    private void Do(TranscriptStep step)
    {
        var words = step.What.Split(' ', 3);
        if (words is [var count, "s" or "ms", "pass"])
        {
            _world.Clock.MoveTo(_world.Clock.Now + int.Parse(count) * (words[1] == "s" ? 1000 : 1));
            Settle();
            return;
        }
        if (words[1] == "connects")
        {
            Connect(words[0]);
            return;
        }
        if (words is ["server", "drains"])
        {
            _world.Call(_proxy, _worker.Drain);
            Settle();
            return;
        }
        if (words[1..] is ["fails" or "passes", "its check"])
        {
            ForDestinations((cluster, index, name) =>
            {
                var host = new Uri(_options.Clusters[cluster].Destinations[index].Address).Authority;
                if (name == words[0]) _worker.SetHealth(cluster, index, host, words[1] == "passes");
            });
            return;
        }
        var peer = PeerOf(step);
        switch (words[1])
        {
            case "receives":
                Assert.Equal(Canonical(step.Text), Canonical(peer.Take()));
                break;
            case "sees":
                Assert.Equal(words[2], peer.Ending);
                break;
            case "stops":
                peer.StopReading();
                break;
            case "ends":
                peer.End();
                break;
            case "closes" or "resets":
                peer.Close(reset: words[1] == "resets");
                break;
            default:
                Assert.Fail($"no such step: {step.What}");
                break;
        }
        Settle();
    }

    private TranscriptPeer PeerOf(TranscriptStep step)
    {
        Assert.True(_peers.TryGetValue(step.What.Split(' ')[0], out var peer), $"'{step.What}': it is not connected");
        return peer;
    }

    private void Finish(int connections)
    {
        Assert.Equal(connections, _accepts);
        foreach (var (name, peer) in _peers) Assert.Equal((name, ""), (name, Canonical(peer.Take())));
        foreach (var client in _clients) _peers[client].Close(reset: false);
        Settle();
        Assert.Equal(0, _proxy.Counters.Active);
        _world.Call(_proxy, _worker.Drain);
        Settle();
        Assert.Equal(0, _proxy.Counters.UpstreamIdle);
        Assert.Equal(0, _proxy.Buffers.Rented);
        Assert.Equal(0, ((SimLoop)_proxy.Loop).OpenHandles);
        Assert.Empty(_world.Unhandled);
    }

    /// <summary>Gives both loops turns until neither has anything to do; no time passes.</summary>
    private void Settle()
    {
        for (var quiet = 0; quiet < 2;)
        {
            var isIdle = Turn(_proxy) & Turn(_outside);
            quiet = isIdle ? quiet + 1 : 0;
        }
    }

    private static bool Turn(Reactor reactor)
    {
        reactor.Loop.Enter();
        try
        {
            reactor.Loop.Turn(-1);
            return ((SimLoop)reactor.Loop).IsIdle;
        }
        finally
        {
            reactor.Loop.Leave();
        }
    }

    /// <summary>The same text with each chunked body in one chunk, and every date the same.</summary>
    private static string Canonical(string text)
    {
        var result = new StringBuilder();
        text = Date().Replace(text, "Date: now\r\n");
        while (text.Length > 0)
        {
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0) return result.Append(text).ToString();
            var head = text[..(end + 4)];
            result.Append(head);
            text = text[head.Length..];
            if (head.Contains("Transfer-Encoding: chunked\r\n", StringComparison.Ordinal))
                result.Append(JoinChunks(ref text));
        }
        return result.ToString();
    }

    private static string JoinChunks(ref string text)
    {
        var data = new StringBuilder();
        while (ChunkHead().Match(text) is { Success: true } head)
        {
            var size = Convert.ToInt32(head.Groups[1].Value, 16);
            if (size == 0) break;
            var available = Math.Min(size, text.Length - head.Length);
            data.Append(text, head.Length, available);
            text = text[Math.Min(text.Length, head.Length + size + 2)..];
        }
        return data.Length == 0 ? "" : $"{data.Length:x}\r\n{data}\r\n";
    }

    [GeneratedRegex("^([0-9a-fA-F]+)\r\n")]
    private static partial Regex ChunkHead();

    [GeneratedRegex("Date: [^\r]*GMT\r\n")]
    private static partial Regex Date();
}
