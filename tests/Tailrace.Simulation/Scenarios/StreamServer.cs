using System.Net;
using Tailrace.Io;

namespace Tailrace.Simulation.Scenarios;

/// <summary>Accepts connections and starts a method on each.</summary>
internal static class StreamServer
{
    /// <summary>Listens on a port of the reactor's machine.</summary>
    internal static IoHandle Listen(SimWorld world, Reactor reactor, Func<SocketConnection, LoopTask> serve)
    {
        var listener = reactor.Loop.Listen(new IPEndPoint(IPAddress.Any, 0), new ListenSettings(16, Shared: false));
        world.Start(reactor, () => AcceptAsync(reactor, listener, serve));
        return listener;
    }

    /// <summary>Closes the listener; its method ends.</summary>
    internal static void Close(Reactor reactor, IoHandle listener) => reactor.Loop.Close(listener);

    private static async LoopTask AcceptAsync(
        Reactor reactor, IoHandle listener, Func<SocketConnection, LoopTask> serve)
    {
        var accept = new AcceptOperation();
        while (true)
        {
            var result = await reactor.Loop.AcceptAsync(listener, accept);
            if (result.Error == IoError.Aborted) return;
            if (!result.IsError) serve(SocketConnection.Adopt(reactor, accept.Opened!)).Detach();
            else await reactor.Loop.YieldAsync();
        }
    }
}
