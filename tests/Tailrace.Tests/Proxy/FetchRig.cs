using System.Net;
using System.Net.Sockets;
using System.Text;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;
using Tailrace.Tests.Io;

namespace Tailrace.Tests.Proxy;

/// <summary>A client and the origins that it fetches from, all on one loop, over loopback sockets.</summary>
/// <remarks>Disposing of it closes everything and checks, by <see cref="LoopRig"/>, that nothing is left.</remarks>
internal sealed class FetchRig : IDisposable
{
    private readonly LoopRig _loop;
    private readonly List<Listener> _listeners = [];
    private readonly List<ServerContext> _contexts = [];
    private readonly List<Connection> _held = [];
    private readonly List<Socket> _bound = [];
    private int _playing;

    internal FetchRig(string engine, ClusterSettings? settings = null, Resolver? resolver = null)
    {
        _loop = new LoopRig(engine);
        Client = new FetchClient(settings) { Resolver = resolver ?? new Resolver() };
    }

    internal static ClusterSettings Settings { get; } = new() { Name = "test" };

    internal FetchClient Client { get; }

    internal Reactor Reactor => _loop.Reactor;

    /// <summary>Requests that scripted origins have got, heads and bodies as they came.</summary>
    internal List<string> Received { get; } = [];

    /// <summary>Sessions that served origins have open.</summary>
    internal int OpenSessions => _contexts.Sum(context => context.Count);

    internal void Run(Func<LoopTask> body) => _loop.Run(body);

    internal LoopTask UntilAsync(Func<bool> condition) => _loop.UntilAsync(condition);

    internal LoopTask<FetchAnswer> GetAsync(string url) => Client.GetAsync(Reactor, url);

    /// <summary>A server whose one handler answers everything; its URL without a path.</summary>
    internal string Serve(HandlerDelegate handle)
    {
        var handler = Handler.From(handle);
        var context = new ServerContext(Reactor, new ServerSettings(), (_, _, _) => handler, null);
        _contexts.Add(context);
        return Listen(context.Serve);
    }

    /// <summary>
    /// An origin that says exactly this: one text for each request, one list for each connection. After the last of a
    /// list the connection ends. A null reads nothing, says nothing, and stays.
    /// </summary>
    internal string Script(params string?[][] connections)
    {
        var next = 0;
        return Listen(connection => PlayAsync(connection, connections[next++]).Detach());
    }

    internal string Script(params string?[] answers) => Script([answers]);

    /// <summary>A port on which nothing listens, and on which nobody else will while this rig is there.</summary>
    internal string Nowhere()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _bound.Add(socket);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return $"http://{socket.LocalEndPoint}";
    }

    /// <summary>A connection of a plain client to a server.</summary>
    internal async LoopTask<SocketConnection> ConnectAsync(string url)
    {
        var uri = new Uri(url);
        var connection = SocketConnection.Rent(Reactor);
        var connected = await connection.ConnectAsync(
            new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, uri.Port).Serialize());
        Assert.False(connected.IsError, connected.ToString());
        return connection;
    }

    /// <summary>Sends a request as written and gives everything that comes until the server closes.</summary>
    internal async LoopTask<string> AskAsync(string url, string request)
    {
        var connection = await ConnectAsync(url);
        await LoopRig.SendAsync(connection, request);
        var answer = await ReadToEndAsync(connection);
        connection.Close();
        return answer;
    }

    internal static async LoopTask<string> ReadToEndAsync(Connection connection)
    {
        var text = new StringBuilder();
        while (true)
        {
            var filled = await connection.FillAsync();
            if (filled.IsError) return $"{text}[{filled.Error}]";
            if (filled.Bytes == 0) return text.ToString();
            text.Append(Encoding.ASCII.GetString(connection.Input.Unread));
            connection.Input.Clear();
        }
    }

    public void Dispose()
    {
        Run(async () =>
        {
            Client.Drain(Reactor);
            foreach (var listener in _listeners) listener.Close();
            foreach (var context in _contexts) context.Abort();
            foreach (var connection in _held) connection.Close();
            await UntilAsync(() => OpenSessions == 0 && _playing == 0);
        });
        _loop.Dispose();
        foreach (var socket in _bound) socket.Dispose();
    }

    private string Listen(Action<Connection> serve)
    {
        var handle = _loop.Listen();
        var listener = new Listener(Reactor, handle, new ConnectionBudget(0), serve);
        _listeners.Add(listener);
        var url = UrlOf(handle);
        Reactor.Loop.Post(listener.Start);
        return url;
    }

    private string UrlOf(IoHandle listener) => $"http://{Reactor.Loop.LocalAddress(listener)}";

    private async LoopTask PlayAsync(Connection connection, string?[] answers)
    {
        _playing++;
        foreach (var answer in answers)
        {
            if (answer is null)
            {
                _held.Add(connection);
                break;
            }
            if (await ReadRequestAsync(connection) is not { } request) break;
            Received.Add(request);
            await LoopRig.SendAsync(connection, answer);
        }
        if (!_held.Contains(connection)) connection.Close();
        _playing--;
    }

    private static async LoopTask<string?> ReadRequestAsync(Connection connection)
    {
        var request = "";
        while (!request.Contains("\r\n\r\n"))
        {
            if ((await connection.FillAsync()).Bytes <= 0) return null;
            request += Encoding.ASCII.GetString(connection.Input.Unread);
            connection.Input.Clear();
        }
        return request;
    }
}
