using System.Net;
using System.Net.Sockets;

namespace Tailrace.Chaos.Tcp;

/// <summary>How a stream ended for whoever read it.</summary>
internal enum Ending
{
    /// <summary>Its reader did not come to see it.</summary>
    Unseen,

    /// <summary>In order.</summary>
    Orderly,

    /// <summary>By a reset, or sending failed.</summary>
    Broken,

    /// <summary>Nothing happened at either end for so long that its reader went.</summary>
    Silent,
}

/// <summary>One end of a connection, client or origin: both do the same, and each stream says whose it is.</summary>
/// <remarks>
/// Sends and receives at the same time, in two tasks that share the fields. What became of it is read when
/// <see cref="RunAsync"/> is over.
/// </remarks>
internal sealed partial class Peer
{
    private const int SlownessMs = 1_000;
    private const int SmallReads = 300;
    private const int PatienceMs = 20_000;
    private const int LookMs = 1_000;

    private readonly Socket _socket;
    private readonly Conduct _conduct;
    private readonly Random _random;
    private readonly Meetings _meetings;
    private readonly Place _place;
    private readonly byte[] _hello;
    private readonly TaskCompletionSource _otherEnded = new();
    private readonly List<(long From, long At)> _sends = [];
    private byte[] _beginning = [];
    private int _napsLeft = 1;
    private volatile bool _isGone;

    /// <summary>Takes a connection.</summary>
    /// <param name="socket">The connection, which it closes.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="meetings">Who meets whom.</param>
    /// <param name="random">Its dice.</param>
    /// <param name="name">What its ClientHello asks for; null for none.</param>
    internal Peer(Socket socket, Place place, Meetings meetings, Random random, string? name = null)
    {
        (_socket, _place, _meetings, _random) = (socket, place, meetings, random);
        _conduct = Conduct.Draw(random, place);
        _hello = name is null || _conduct.Length == 0 ? [] : Beginning.Hello(name);
        Local = (IPEndPoint)socket.LocalEndPoint!;
        socket.NoDelay = true;
        if (_conduct.ReceiveBuffer > 0) socket.ReceiveBufferSize = _conduct.ReceiveBuffer;
        Id = meetings.Add(this);
    }

    /// <summary>What its stream says of whose it is.</summary>
    internal uint Id { get; }

    /// <summary>Where it is.</summary>
    internal Place Place => _place;

    /// <summary>Its own address.</summary>
    internal IPEndPoint Local { get; }

    /// <summary>
    /// When it began to connect; 0 for origins, whose connections are there long before they hear of them.
    /// </summary>
    internal long BeganAt { get; init; }

    /// <summary>Whose stream it reads, once that is known.</summary>
    internal Peer? Other { get; set; }

    /// <summary>What the stream that it reads began with.</summary>
    internal Beginning? Read { get; private set; }

    /// <summary>Bytes that its system took, or may have taken.</summary>
    internal long Offered { get; private set; }

    /// <summary>Bytes that its system took.</summary>
    internal long Sent { get; private set; }

    /// <summary>Bytes of the other stream that have come.</summary>
    internal long Received { get; private set; }

    /// <summary>Whether it ended its stream.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>Whether it reset the connection.</summary>
    internal bool HasReset { get; private set; }

    /// <summary>Whether all that it had sent had arrived at the proxy's system then.</summary>
    internal bool HasSettled { get; private set; }

    /// <summary>Whether it closed in the middle.</summary>
    internal bool HasLeft { get; private set; }

    /// <summary>Whether the connection broke, which may come behind an orderly end of the other stream.</summary>
    internal bool HasFailed { get; private set; }

    /// <summary>How the other stream ended.</summary>
    internal Ending Saw { get; private set; }

    /// <summary>When it saw that.</summary>
    internal long SawAt { get; private set; }

    /// <summary>Whether <see cref="RunAsync"/> is over.</summary>
    internal bool IsOver { get; set; }

    /// <summary>When the last of a number of bytes was sent, or a little before; 0 for none.</summary>
    internal long SentAt(long bytes) => _sends.FindLast(send => send.From < bytes).At;

    /// <summary>Does all of it and closes.</summary>
    internal async Task RunAsync()
    {
        await WatchAsync(Task.WhenAll(GuardAsync(SendAsync), GuardAsync(ReceiveAllAsync)));
        _isGone = true;
        _socket.Dispose();
        _meetings.Over(this);
    }

    /// <summary>Ends it so that the other side sees a reset.</summary>
    internal void Reset()
    {
        lock (_sends)
        {
            if (_isGone) return;
            HasReset = _isGone = true;
        }
        try
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (SocketException)
        {
            // The other side has reset it already.
        }
        _socket.Dispose();
    }

    private void Leave()
    {
        lock (_sends)
        {
            if (_isGone) return;
            HasLeft = _isGone = true;
        }
        _socket.Dispose();
    }

    /// <summary>Waits for what it does, for as long as that or what the other side does goes on.</summary>
    private async Task WatchAsync(Task work)
    {
        var (moved, movedAt) = (0L, Environment.TickCount64);
        while (await Task.WhenAny(work, Task.Delay(LookMs)) != work)
        {
            var (now, at) = (Sent + Received + (Other?.Sent + Other?.Received ?? 0), Environment.TickCount64);
            if (now != moved) (moved, movedAt) = (now, at);
            if (at - movedAt < PatienceMs) continue;
            See(Ending.Silent);
            Reset();
        }
        await work;
    }

    private async Task GuardAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Its own leaving, or whatever else it was: the other task meets it too.
            if (!_isGone) See(Ending.Broken);
        }
        catch (FormatException e)
        {
            _meetings.Tally.Violation($"{this} read {e.Message}");
            Reset();
        }
    }

    private async Task ReceiveAllAsync()
    {
        try
        {
            await ReceiveAsync();
        }
        finally
        {
            _otherEnded.TrySetResult();
        }
    }

    private void See(Ending ending)
    {
        lock (_sends)
        {
            HasFailed |= ending == Ending.Broken;
            // A stream that ended in order may be followed by a reset, which is for the other direction.
            if (Saw != Ending.Unseen) return;
            (Saw, SawAt) = (ending, Environment.TickCount64);
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var did = (HasReset ? HasSettled ? " reset settled" : " reset" : "") + (HasLeft ? " left" : "")
            + (HasEnded ? " ended" : "") + (HasFailed ? " failed" : "");
        return $"{_place.Name} {Id} ({Local.Port}, {_conduct.Fault}, sent {Sent} of {_hello.Length}+{_conduct.Length},"
            + $"{did}, got {Received}, saw {Saw})";
    }
}
