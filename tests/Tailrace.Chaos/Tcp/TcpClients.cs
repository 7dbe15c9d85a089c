using System.Net;
using System.Net.Sockets;

namespace Tailrace.Chaos.Tcp;

/// <summary>One client after the other, at one listener or another.</summary>
internal sealed class TcpClients(
    IReadOnlyList<(Place Place, IPEndPoint Address)> listeners, int seed, Meetings meetings)
{
    private readonly Random _random = new(seed);

    /// <summary>Connects until the time has come.</summary>
    internal async Task RunAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            var (place, address) = listeners[_random.Next(listeners.Count)];
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            var beganAt = Environment.TickCount64;
            try
            {
                await socket.ConnectAsync(address, CancellationToken.None);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown
                && !place.IsCalm)
            {
                // It was connected, and a destination's reset was faster than the news of that.
                socket.Dispose();
                meetings.Tally.Count("connected");
                meetings.Tally.Count("reset before a byte");
                continue;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                if (end.IsCancellationRequested) return;
                meetings.Tally.Violation($"cannot connect to {place.Name}: {e.Message}");
                return;
            }
            meetings.Tally.Count("connected");
            var (name, _) = place.Names[_random.Next(place.Names.Count)];
            await new Peer(socket, place, meetings, new Random(_random.Next()), name) { BeganAt = beganAt }.RunAsync();
        }
    }
}
