using System.Text;
using Tailrace.Io;
using Tailrace.Simulation;

namespace Tailrace.Tests.Sessions;

/// <summary>A client or an origin of a transcript: it sends what it is told to, and keeps what it gets.</summary>
internal sealed class TranscriptPeer(SimWorld world, Reactor reactor, SocketConnection connection)
{
    private readonly StringBuilder _received = new();

    /// <summary>How the other side's direction has ended: "", "the end" or "a reset".</summary>
    internal string Ending { get; private set; } = "";

    /// <summary>Receives until the end.</summary>
    internal async LoopTask ReceiveAsync()
    {
        while (true)
        {
            var received = await connection.FillAsync();
            if (received.Error is IoError.Aborted or IoError.Cancelled) return;
            if (received is { IsError: false, Bytes: > 0 })
            {
                _received.Append(Encoding.Latin1.GetString(connection.Input.Unread));
                connection.Input.Clear();
                continue;
            }
            Ending = received.IsError ? "a reset" : "the end";
            return;
        }
    }

    /// <summary>What has come since this was last asked.</summary>
    internal string Take()
    {
        var text = _received.ToString();
        _received.Clear();
        return text;
    }

    internal void Send(string text) => world.Start(reactor, async () =>
    {
        Assert.True(connection.Output.TryAppend(Encoding.Latin1.GetBytes(text)));
        await connection.FlushAsync();
        connection.Output.Clear();
    });

    internal void StopReading() => world.Call(reactor, connection.CancelFill);

    internal void End() => world.Call(reactor, connection.ShutdownSend);

    internal void Close(bool reset) => world.Call(reactor, () => connection.Close(reset));
}
