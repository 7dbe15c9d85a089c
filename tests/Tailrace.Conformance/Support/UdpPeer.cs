using System.Net;
using System.Net.Sockets;

namespace Tailrace.Conformance.Support;

/// <summary>A client that sends datagrams to one address, or an origin that sends back what it gets.</summary>
internal sealed class UdpPeer : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[70_000];
    private int _echoed;

    /// <summary>An origin, at a port of its own.</summary>
    internal UdpPeer(IPAddress? address = null)
    {
        _socket = Open((address ?? IPAddress.Loopback).AddressFamily);
        _socket.Bind(new IPEndPoint(address ?? IPAddress.Loopback, 0));
    }

    /// <summary>A client that hears only whom it sends to.</summary>
    internal UdpPeer(IPEndPoint server, IPAddress? from = null)
    {
        _socket = Open(server.AddressFamily);
        if (from is not null) _socket.Bind(new IPEndPoint(from, 0));
        _socket.Connect(server);
    }

    internal IPEndPoint Address => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Datagrams that an origin has sent back.</summary>
    internal int Echoed => Volatile.Read(ref _echoed);

    /// <summary>How long an answer may take.</summary>
    internal int PatienceMs { init => _socket.ReceiveTimeout = value; }

    internal void Send(ReadOnlySpan<byte> bytes) => Assert.Equal(bytes.Length, _socket.Send(bytes));

    /// <summary>Sends several datagrams as one, which the kernel takes apart where that is needed (UDP_SEGMENT, udp(7)).</summary>
    internal void SendInSegments(ReadOnlySpan<byte> bytes, int segment)
    {
        const int udp = 17;
        const int udpSegment = 103;
        _socket.SetRawSocketOption(udp, udpSegment, BitConverter.GetBytes(segment));
        Send(bytes);
        _socket.SetRawSocketOption(udp, udpSegment, BitConverter.GetBytes(0));
    }

    internal byte[] Receive() => _buffer[.._socket.Receive(_buffer)];

    /// <summary>Sends something and waits for the same; false when it does not come.</summary>
    internal bool TryExchange(ReadOnlySpan<byte> bytes)
    {
        Send(bytes);
        try
        {
            return Receive().AsSpan().SequenceEqual(bytes);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Sends everything back, on a thread of its own, until it is disposed of.</summary>
    internal void Echo()
    {
        _socket.ReceiveTimeout = 0;
        var thread = new Thread(() =>
        {
            var from = (EndPoint)new IPEndPoint(Address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
            try
            {
                while (true)
                {
                    var length = _socket.ReceiveFrom(_buffer, ref from);
                    Interlocked.Increment(ref _echoed);
                    _socket.SendTo(_buffer.AsSpan(0, length), from);
                }
            }
            catch (Exception end) when (end is SocketException or ObjectDisposedException)
            {
                // Disposed of.
            }
        })
        { IsBackground = true };
        thread.Start();
    }

    public void Dispose() => _socket.Dispose();

    private static Socket Open(AddressFamily family)
    {
        var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp)
        {
            ReceiveTimeout = 10_000,
            ReceiveBufferSize = 400_000,
            SendBufferSize = 400_000,
        };
        if (family == AddressFamily.InterNetworkV6) socket.DualMode = true;
        return socket;
    }
}
