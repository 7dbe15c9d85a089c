using System.Net;
using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios.Udp;

/// <summary>Clients and origins that exchange datagrams, and what each may get to see.</summary>
/// <param name="world">Where.</param>
/// <param name="isKind">Whether nothing may be lost, doubled or overtaken: then all has to arrive, in order.</param>
internal sealed class UdpCrowd(SimWorld world, bool isKind)
{
    private const int AnswersMax = 3;

    /// <summary>How long a client that has sent all waits for more answers.</summary>
    private const int PatienceMs = 2_000;

    private readonly Dictionary<UdpMessage, int> _sent = [];
    private readonly Dictionary<UdpMessage, int> _heard = [];
    private readonly Dictionary<(int Client, int Answer), int> _last = [];
    private int _clients;
    private int _done;

    /// <summary>Whether every client has sent all, and has waited.</summary>
    internal bool AreDone => _clients > 0 && _done == _clients;

    /// <summary>Datagrams that came to whom they were for.</summary>
    internal int Heard => _heard.Count;

    /// <summary>Starts a client that sends some datagrams to an address.</summary>
    /// <param name="reactor">Where it runs.</param>
    /// <param name="address">Whom it sends to.</param>
    /// <param name="pauseMsMax">The longest pause between two of them.</param>
    internal void StartClient(Reactor reactor, EndPoint address, int pauseMsMax)
    {
        var client = _clients++;
        world.Start(reactor, () => SendAsync(reactor.Loop, client, address, pauseMsMax));
    }

    /// <summary>An origin that answers for ever, or leaves and comes back.</summary>
    internal async LoopTask ServeAsync(Reactor reactor, IPEndPoint address, bool leaves)
    {
        var loop = reactor.Loop;
        var pause = new SimPause(loop);
        while (!AreDone)
        {
            var socket = loop.BindDatagrams(address, shared: false);
            AnswerAsync(loop, socket).Detach();
            var until = loop.Now + (leaves ? world.Random.Between(1, 4_000) : int.MaxValue);
            while (!AreDone && loop.Now < until) await pause.For(100);
            loop.Close(socket);
            if (!AreDone) await pause.For(world.Random.Between(1, 2_000));
        }
    }

    /// <summary>Fails unless all that was sent was heard; where nothing may be lost.</summary>
    internal void CheckAll()
    {
        foreach (var message in _sent.Keys)
        {
            if (!_heard.ContainsKey(message)) throw new SimFailure($"{message} has not arrived");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{_done} of {_clients} clients are done, {_heard.Count} of {_sent.Count} arrived";

    private async LoopTask SendAsync(EventLoop loop, int client, EndPoint address, int pauseMsMax)
    {
        var pause = new SimPause(loop);
        while (true)
        {
            // The fault that was put in may be this one's.
            if (!loop.ConnectDatagrams(address.Serialize(), out var socket).IsError)
            {
                ListenAsync(loop, socket!, client).Detach();
                for (int number = 0, count = world.Random.Between(1, 20); number < count; number++)
                {
                    if (world.Random.Chance(300)) await pause.For(world.Random.Between(1, pauseMsMax));
                    Send(loop, socket!, new UdpMessage(client, number, UdpMessage.Question), default);
                }
                await pause.For(PatienceMs);
                loop.Close(socket!);
                break;
            }
            await pause.For(1);
        }
        _done++;
    }

    /// <summary>A client hears answers: its own alone.</summary>
    private async LoopTask ListenAsync(EventLoop loop, IoHandle socket, int client)
    {
        var operation = new IoOperation();
        while (!socket.IsClosed)
        {
            var received = await loop.ReceiveDatagramsAsync(socket, operation);
            // Nobody listens, perhaps: clients go on all the same.
            if (received.IsError) continue;
            foreach (var (message, length, _) in UdpMessage.Take(loop, received.Bytes))
            {
                if (message.Client != client) throw new SimFailure($"client {client} gets {message}");
                if (message.Answer == UdpMessage.Question) throw new SimFailure($"client {client} gets what it sent");
                Hear(message, length);
            }
        }
    }

    /// <summary>An origin answers what it gets: not at all, once or several times, now or later.</summary>
    private async LoopTask AnswerAsync(EventLoop loop, IoHandle socket)
    {
        var operation = new IoOperation();
        while (!socket.IsClosed)
        {
            var received = await loop.ReceiveDatagramsAsync(socket, operation);
            if (received.IsError) continue;
            foreach (var (message, length, from) in UdpMessage.Take(loop, received.Bytes))
            {
                if (message.Answer != UdpMessage.Question) throw new SimFailure($"an origin gets {message}");
                Hear(message, length);
                // Where the order counts no answer may wait.
                if (!isKind && world.Random.Chance(200)) AnswerLaterAsync(loop, socket, message, from).Detach();
                else Answer(loop, socket, message, from);
            }
        }
    }

    private async LoopTask AnswerLaterAsync(EventLoop loop, IoHandle socket, UdpMessage question, DatagramAddress from)
    {
        await new SimPause(loop).For(world.Random.Between(1, 3_000));
        if (!socket.IsClosed) Answer(loop, socket, question, from);
    }

    private void Answer(EventLoop loop, IoHandle socket, UdpMessage question, in DatagramAddress from)
    {
        for (int answer = 0, count = world.Random.Below(AnswersMax + 1); answer < count; answer++)
            Send(loop, socket, question with { Answer = answer }, from);
    }

    private void Send(EventLoop loop, IoHandle socket, UdpMessage message, in DatagramAddress to)
    {
        // Doubled questions are answered twice: alike.
        if (!_sent.TryGetValue(message, out var length))
        {
            var isLong = world.Random.Chance(20);
            length = world.Random.Between(
                UdpMessage.LengthMin, isLong ? SimDatagramConditions.LengthMax : world.Random.Chance(300) ? 12 : 1_400);
            _sent.Add(message, length);
        }
        message.Send(loop, socket, length, to);
    }

    private void Hear(UdpMessage message, int length)
    {
        if (!_sent.TryGetValue(message, out var sent)) throw new SimFailure($"nobody has sent {message}");
        if (sent != length) throw new SimFailure($"{message} has {length} bytes instead of {sent}");
        _heard[message] = _heard.GetValueOrDefault(message) + 1;
        if (!isKind || world.MayFail) return;
        if (_heard[message] > 1) throw new SimFailure($"{message} comes twice");
        // Answers to one question come in a row; questions, and answers of one place, are in the order of their numbers.
        var last = _last.GetValueOrDefault((message.Client, message.Answer), -1);
        if (message.Number < last) throw new SimFailure($"{message} comes after {last}");
        _last[(message.Client, message.Answer)] = message.Number;
    }
}
