using System.Net.Sockets;
using Tailrace.Config;
using Tailrace.Hosting;

namespace Tailrace.Tests.Hosting;

/// <summary>What becomes of a path that a listener is given, and that is there already.</summary>
public sealed class UnixSocketsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tailrace").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_that_is_no_socket_stays()
    {
        var path = Path.Combine(_folder, "precious");
        File.WriteAllText(path, "words");
        Assert.Equal($"cannot listen on unix:{path}: a file is there that is no socket", Fail(path));
        Assert.Equal("words", File.ReadAllText(path));
    }

    [Fact]
    public void The_socket_of_a_process_that_has_ended_is_replaced()
    {
        var path = Path.Combine(_folder, "stale");
        using (var holder = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // .NET removes the file of a socket that is disposed of, where it still has its name.
            holder.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + "-kept");
        }
        File.Move(path + "-kept", path);
        Assert.True(UnixSockets.IsSocket(path));
        using var server = Serve(path);
        server.Start();
        server.Stop(TimeSpan.Zero);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_file_that_somebody_has_locked_is_no_socket()
    {
        var path = Path.Combine(_folder, "locked");
        using var holder = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        Assert.False(UnixSockets.IsSocket(path));
        Fail(path);
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task A_server_that_stops_takes_no_other_ones_socket_away()
    {
        var path = Path.Combine(_folder, "shared");
        using var first = Serve(path, EngineChoice.Epoll);
        first.Start();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
        client.Send("GET"u8);
        var stopping = Task.Run(() => first.Stop(TimeSpan.FromSeconds(30)), TestContext.Current.CancellationToken);
        SpinWait.SpinUntil(() => !File.Exists(path), TimeSpan.FromSeconds(30));
        using var second = Serve(path, EngineChoice.Epoll);
        second.Start();
        client.Dispose();
        await stopping.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.True(UnixSockets.IsSocket(path));
    }

    [Fact]
    public void A_socket_that_somebody_listens_on_stays()
    {
        var path = Path.Combine(_folder, "live");
        using var holder = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        holder.Bind(new UnixDomainSocketEndPoint(path));
        holder.Listen();
        Assert.Equal($"cannot listen on unix:{path}: another process listens there", Fail(path));
        Assert.True(UnixSockets.IsSocket(path));
    }

    [Fact]
    public async Task A_socket_whose_queue_is_full_stays_and_nobody_waits_for_it()
    {
        var path = Path.Combine(_folder, "full");
        using var holder = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        holder.Bind(new UnixDomainSocketEndPoint(path));
        holder.Listen(0);
        var clients = new List<Socket>();
        try
        {
            while (Connects(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)))
            {
            }
            var said = await Task.Run(() => Fail(path), TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            Assert.Equal($"cannot listen on unix:{path}: another process listens there", said);
            Assert.True(UnixSockets.IsSocket(path));
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }

        bool Connects(Socket client)
        {
            clients.Add(client);
            client.Blocking = false;
            try
            {
                client.Connect(new UnixDomainSocketEndPoint(path));
                return true;
            }
            catch (SocketException full) when (full.SocketErrorCode == SocketError.WouldBlock)
            {
                return false;
            }
        }
    }

    [Fact]
    public void A_directory_that_is_missing_is_named()
    {
        var folder = Path.Combine(_folder, "none");
        Assert.Equal($"cannot listen on unix:{folder}/a: there is no directory '{folder}'", Fail($"{folder}/a"));
    }

    private static string Fail(string path)
    {
        using var server = Serve(path);
        return Assert.Throws<StartException>(server.Start).Message;
    }

    private static Server Serve(string path, EngineChoice engine = EngineChoice.Portable) => new(new TailraceOptions
    {
        Workers = 1,
        Engine = engine,
        Listeners = [new ListenerOptions { Address = $"unix:{path}" }],
        Routes = [new RouteOptions { Respond = new RespondOptions() }],
    });
}
