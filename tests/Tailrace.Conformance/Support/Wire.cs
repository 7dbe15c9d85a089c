using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tailrace.Io.Backends;

namespace Tailrace.Conformance.Support;

/// <summary>One blocking connection on which a test writes bytes and reads HTTP/1 messages strictly.</summary>
/// <remarks>
/// Used by one thread at a time. An orderly end in the middle of a message is an <see cref="EndOfStreamException"/>, a
/// reset another <see cref="IOException"/>, and silence for half a minute a failure of the test.
/// </remarks>
internal sealed class Wire : IDisposable
{
    private const int SilenceMs = 30_000;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    internal Wire(Socket socket)
    {
        _socket = socket;
        if (socket.AddressFamily != AddressFamily.Unix) _socket.NoDelay = true;
        _socket.ReceiveTimeout = _socket.SendTimeout = SilenceMs;
    }

    private readonly Stopwatch _waiting = new();

    /// <summary>Bytes sent so far; any thread may ask.</summary>
    internal long Sent { get; private set; }

    /// <summary>What the system takes of what is sent before the other side has it.</summary>
    internal int SendBufferBytes
    {
        set => _socket.SendBufferSize = value;
    }

    /// <summary>Bytes that the other side's system has not taken yet.</summary>
    internal int Owed => LinuxSockets.OwedTo((int)_socket.Handle);

    /// <summary>The own port.</summary>
    internal int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Connects.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="windowBytes">The receive buffer; 0 for the system's choice.</param>
    internal static Wire Connect(EndPoint address, int windowBytes = 0)
    {
        var isUnix = address.AddressFamily == AddressFamily.Unix;
        var protocol = isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var wire = new Wire(new Socket(address.AddressFamily, SocketType.Stream, protocol));
        if (windowBytes > 0) wire._socket.ReceiveBufferSize = windowBytes;
        try
        {
            wire._socket.Connect(address);
            return wire;
        }
        catch
        {
            wire._socket.Dispose();
            throw;
        }
    }

    internal void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

    internal void Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                _waiting.Restart();
                var count = _socket.Send(bytes, SocketFlags.None);
                Sent += count;
                bytes = bytes[count..];
            }
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>Sends pieces in sends of their own.</summary>
    internal void SendSplit(ReadOnlySpan<byte> bytes, int pieceLength)
    {
        for (; bytes.Length > pieceLength; bytes = bytes[pieceLength..]) Send(bytes[..pieceLength]);
        Send(bytes);
    }

    /// <summary>Sends one chunk of a chunked body.</summary>
    internal void SendChunk(ReadOnlySpan<byte> data)
    {
        Send($"{data.Length:x}\r\n");
        Send(data);
        Send("\r\n");
    }

    /// <summary>Ends the sending direction.</summary>
    internal void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>The connection as a stream, for something else to speak on it.</summary>
    internal NetworkStream OpenStream() => new(_socket);

    /// <summary>Closes with a reset.</summary>
    internal void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    /// <summary>Unblocks whoever reads or writes, from any thread, and closes.</summary>
    public void Dispose()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
        _socket.Dispose();
    }

    /// <summary>Whether a message begins; false at an orderly end.</summary>
    internal bool HasMore() => _end > _start || TryFill();

    /// <summary>Reads a request.</summary>
    internal Message ReadRequest() => ReadMessage(isRequest: true, hasBody: true);

    /// <summary>Reads an answer, interim or final.</summary>
    /// <param name="toHead">Whether it answers HEAD.</param>
    internal Message ReadAnswer(bool toHead = false) => ReadMessage(isRequest: false, hasBody: !toHead);

    /// <summary>Reads an answer's head only.</summary>
    internal Message ReadHead()
    {
        var lines = ReadLines();
        return new Message(lines[0], [.. lines.Skip(1).Select(ParseField)], [], []);
    }

    /// <summary>Reads so many bytes.</summary>
    internal byte[] ReadExactly(long count)
    {
        var bytes = new byte[count];
        var length = (int)Math.Min(count, _end - _start);
        _buffer.AsSpan(_start, length).CopyTo(bytes);
        _start += length;
        while (length < count)
        {
            var received = Receive(bytes.AsSpan(length));
            if (received == 0) throw new EndOfStreamException($"the stream ended {count - length} bytes early");
            length += received;
        }
        return bytes;
    }

    /// <summary>Reads one line without its CRLF.</summary>
    internal string ReadLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_start == _end && !TryFill()) throw new EndOfStreamException($"the stream ended after '{line}'");
            var next = (char)_buffer[_start++];
            if (next != '\n')
            {
                line.Append(next);
                continue;
            }
            if (line.Length == 0 || line[^1] != '\r') throw new FormatException($"'{line}' ends in LF without CR");
            return line.ToString(0, line.Length - 1);
        }
    }

    /// <summary>Reads until the other side has ended its direction.</summary>
    internal byte[] ReadToEnd()
    {
        using var all = new MemoryStream();
        do
        {
            all.Write(_buffer, _start, _end - _start);
            _start = _end = 0;
        }
        while (TryFill());
        return all.ToArray();
    }

    /// <summary>Fails unless the other side ends the stream, orderly and without another byte.</summary>
    internal void ExpectEnd() => Assert.Equal("", Encoding.Latin1.GetString(ReadToEnd()));

    /// <summary>Fails unless the stream breaks off by a reset.</summary>
    internal void ExpectReset()
    {
        var failure = Assert.ThrowsAny<IOException>(() => ReadToEnd());
        Assert.IsNotType<EndOfStreamException>(failure);
    }

    private Message ReadMessage(bool isRequest, bool hasBody)
    {
        var head = ReadHead();
        var status = isRequest ? 0 : head.Status;
        if (!hasBody || status is >= 100 and < 200 or 204 or 304) return head;
        var (length, coding) = (head.Field("Content-Length"), head.Field("Transfer-Encoding"));
        if (length is not null && coding is not null) throw new FormatException("a length and a coding");
        if (length is not null)
            return head with { Body = ReadExactly(long.Parse(length, CultureInfo.InvariantCulture)) };
        if (coding is "chunked") return ReadChunked(head);
        if (coding is not null) throw new FormatException($"the coding '{coding}'");
        return isRequest ? head : head with { Body = ReadToEnd() };
    }

    private Message ReadChunked(Message head)
    {
        using var body = new MemoryStream();
        while (true)
        {
            var size = long.Parse(ReadLine(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (size == 0) break;
            body.Write(ReadExactly(size));
            if (ReadLine().Length != 0) throw new FormatException("a chunk is longer than it says");
        }
        return head with { Body = body.ToArray(), Trailers = [.. ReadLines().Select(ParseField)] };
    }

    private List<string> ReadLines()
    {
        var lines = new List<string>();
        while (ReadLine() is { Length: > 0 } line) lines.Add(line);
        return lines;
    }

    private static (string Name, string Value) ParseField(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0) throw new FormatException($"'{line}' is no field");
        return (line[..colon], line[(colon + 1)..].Trim(' '));
    }

    private bool TryFill()
    {
        _start = 0;
        _end = Receive(_buffer);
        return _end > 0;
    }

    private int Receive(Span<byte> target)
    {
        _waiting.Restart();
        try
        {
            return _socket.Receive(target, SocketFlags.None);
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }
    }

    // A connection that has gone may be reported as timed out too, but at once.
    private Exception? Translate(Exception e) => e switch
    {
        SocketException when _waiting.ElapsedMilliseconds > SilenceMs / 2 =>
            new TimeoutException($"nothing happened for {SilenceMs} ms", e),
        SocketException or ObjectDisposedException => new IOException(e.Message, e),
        _ => null,
    };
}
