using System.Net;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Io;

namespace Tailrace.Chaos.Tcp;

/// <summary>
/// Streams through a server between peers that reset, leave, fall silent, read slowly and end their own stream at any
/// moment, and three destinations that are killed and come back.
/// </summary>
internal static class TcpChaos
{
    private const string Many = "many";
    private const string Told = "told";
    private const string Calm = "calm";

    private static readonly Place[] s_listeners =
    [
        new("open") { Names = [(null, Many)] },
        new("idle") { Limit = Limit.Idle, Names = [(null, Many)] },
        new("brief") { Limit = Limit.Lifetime, Names = [(null, Many)] },
        new("named")
        {
            Names = [(null, Many), ("told.example", Told), ("a.many.example", Many), ("other.example", Many)],
        },
        new("quiet") { IsCalm = true, WaitsForEnd = true, Names = [(null, Calm)] },
    ];

    private static readonly string[] s_ends =
    [
        "ended in order", "cut", "reset by the client", "reset by the origin", "left by the client",
        "left by the origin", "reset before a byte", "ended before a byte",
    ];

    /// <summary>Has everybody do their worst, and judges what came of it.</summary>
    /// <returns>The engine that it ran on.</returns>
    internal static async Task<Engine> RunAsync(Settings settings, Tally tally)
    {
        var (random, meetings) = (new Random(settings.Seed), new Meetings(tally));
        TcpOrigin[] mortal = [.. Enumerable.Range(0, 3).Select(_ => At(Many)), At(Told)];
        TcpOrigin[] origins = [.. mortal, At(Calm)];
        foreach (var origin in origins) origin.Start();
        // What the log writes to is opened once, and may be a pipe.
        _ = Console.Error;
        var descriptors = Descriptors.Count();
        using var server = new Server(OptionsOf(settings, origins));
        server.Start();
        var isAbrupt = await LiveAsync(server, settings, mortal, meetings, random);
        await Task.WhenAll(origins.Select(origin => origin.Quiet));
        meetings.JudgeAlone();
        JudgeEnds(tally);
        foreach (var listener in server.Listeners) JudgeListener(listener, meetings, isAbrupt);
        Remains.Judge(server, tally);
        server.Dispose();
        await Descriptors.JudgeAsync(descriptors, tally);
        foreach (var origin in origins) origin.Stop();
        return server.Engine;

        TcpOrigin At(string name)
        {
            var (isCalm, hasHeader) = (name == Calm, name == Told);
            var place = new Place(name) { IsOrigin = true, IsCalm = isCalm, WaitsForEnd = !isCalm };
            return new TcpOrigin(place with { HasHeader = hasHeader }, random.Next(), meetings);
        }
    }

    /// <summary>Has clients come until the time is over.</summary>
    /// <returns>Whether the server was stopped in the middle, which has to be visible in what is open then.</returns>
    private static async Task<bool> LiveAsync(
        Server server, Settings settings, TcpOrigin[] mortal, Meetings meetings, Random random)
    {
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(settings.Seconds));
        (Place, IPEndPoint)[] listeners =
            [.. s_listeners.Select((place, i) => (place, (IPEndPoint)server.Addresses[i]))];
        var clients = Enumerable.Range(0, settings.Clients)
            .Select(_ => new TcpClients(listeners, random.Next(), meetings).RunAsync(end.Token)).ToArray();
        var lives = mortal.Select(origin => origin.LiveAsync(end.Token)).ToArray();
        var isAbrupt = random.Next(2) == 0;
        if (isAbrupt)
        {
            await Task.Delay(TimeSpan.FromSeconds(settings.Seconds));
            meetings.IsEnding = true;
            await end.CancelAsync();
            server.Stop(TimeSpan.FromMilliseconds(random.Next(500)));
        }
        await Task.WhenAll(clients);
        await Task.WhenAll(lives);
        server.Stop(TimeSpan.FromSeconds(10));
        return isAbrupt;
    }

    private static TailraceOptions OptionsOf(Settings settings, TcpOrigin[] origins) => new()
    {
        Workers = 2,
        Engine = settings.Engine,
        Log = new LogOptions { Level = LogLevel.Error },
        Buffers = new BufferOptions { Pipes = settings.Pipes },
        Listeners = [.. s_listeners.Select(ListenerOf)],
        Clusters = new Dictionary<string, ClusterOptions>
        {
            [Many] = ClusterOf(origins[..3]),
            [Told] = ClusterOf(origins[3]) with { ProxyProtocol = ProxyProtocolVersion.V2 },
            [Calm] = ClusterOf(origins[4]),
        },
    };

    private static ListenerOptions ListenerOf(Place place) => new()
    {
        Address = "127.0.0.1:0",
        Name = place.Name,
        Protocol = ListenerProtocol.Tcp,
        Cluster = place.IsCalm ? Calm : Many,
        TlsRoutes = place.Names.Count == 1 ? [] :
        [
            new TlsRouteOptions { Host = ["told.example"], Cluster = Told },
            new TlsRouteOptions { Host = ["*.many.example"], Cluster = Many },
        ],
        Timeouts = new ListenerTimeouts
        {
            Idle = TimeSpan.FromMilliseconds(place.Limit == Limit.Idle ? Place.IdleMs : 0),
            Lifetime = TimeSpan.FromMilliseconds(place.Limit == Limit.Lifetime ? Place.LifetimeMs : 0),
        },
    };

    private static ClusterOptions ClusterOf(params TcpOrigin[] origins) => new()
    {
        Destinations = [.. origins.Select(origin => (DestinationOptions)$"tcp://{origin.Address}")],
        Timeouts = new ClusterTimeouts { Connect = TimeSpan.FromSeconds(5) },
    };

    private static void JudgeEnds(Tally tally)
    {
        var ended = s_ends.Sum(tally.Of);
        var connected = tally.Of("connected");
        if (ended != connected) tally.Violation($"{connected} connections came to {ended} ends");
        if (tally.Of("ended in order") == 0) tally.Violation("nothing ended in order");
    }

    /// <summary>Compares what the server counted with what the peers saw.</summary>
    private static void JudgeListener(ListenerStatistics listener, Meetings meetings, bool isAbrupt)
    {
        var (tcp, clients) = (listener.Tcp, meetings.Sums.GetValueOrDefault(listener.Name));
        var place = s_listeners.First(one => one.Name == listener.Name);
        var ends = tcp.ClientClosed + tcp.OriginClosed + tcp.ClientReset + tcp.OriginReset + tcp.IdleTimeouts
            + tcp.Expired + tcp.Aborted + tcp.NoBuffers + tcp.Unreachable + tcp.Refused;
        if (listener.Active != 0 || tcp.Active != 0 || tcp.Connecting != 0 || listener.Accepted != ends)
            Wrong($"{listener.Accepted} connections, {listener.Active} open, {tcp.Active} tunnels, {ends} ends");
        // What was delivered to a side's system and not read by the side is counted as well.
        if (tcp.BytesDown < clients.Received || tcp.BytesUp > clients.Offered)
            Wrong($"{tcp.BytesDown} bytes down, {clients.Received} seen; {tcp.BytesUp} up, {clients.Offered} sent");
        if (tcp.IdleTimeouts > 0 && place.Limit != Limit.Idle) Wrong($"{tcp.IdleTimeouts} that were idle");
        if (tcp.Expired > 0 && place.Limit != Limit.Lifetime) Wrong($"{tcp.Expired} that were too old");
        if (isAbrupt) return;
        if (tcp.Aborted + tcp.NoBuffers + listener.Refused > 0)
            Wrong($"{tcp.Aborted} cut, {tcp.NoBuffers} without a buffer, {listener.Refused} refused");
        if (!place.IsCalm) return;
        if (tcp.ClientClosed + tcp.OriginClosed != clients.Peers) Wrong($"no end in order for each of {clients.Peers}");
        if ((tcp.BytesUp, tcp.BytesDown) != (clients.Sent, clients.Received))
            Wrong($"{tcp.BytesUp} bytes up and {tcp.BytesDown} down of {clients.Sent} and {clients.Received}");

        void Wrong(string what) => meetings.Tally.Violation($"{listener.Name} counted {what}");
    }
}
