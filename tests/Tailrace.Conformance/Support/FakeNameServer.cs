using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tailrace.Conformance.Support;

/// <summary>What a <see cref="FakeNameServer"/> does with a question over TCP.</summary>
internal enum OverTcp
{
    /// <summary>It answers.</summary>
    Answers,

    /// <summary>It resets the connection.</summary>
    Resets,

    /// <summary>It sends what is no answer.</summary>
    TalksNonsense,
}

/// <summary>A name server on loopback that answers what a test wants, over UDP and TCP.</summary>
internal sealed class FakeNameServer : IDisposable
{
    private const int PortsTried = 50;

    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly Thread[] _threads;
    private int _questions;

    internal FakeNameServer()
    {
        (_udp, _tcp) = Bind(PortsTried);
        Address = (IPEndPoint)_udp.LocalEndPoint!;
        _tcp.Listen(8);
        _threads = [new Thread(ServeUdp) { IsBackground = true }, new Thread(ServeTcp) { IsBackground = true }];
        foreach (var thread in _threads) thread.Start();
    }

    /// <summary>Where it is.</summary>
    internal IPEndPoint Address { get; }

    /// <summary>Questions so far.</summary>
    internal int Questions => Volatile.Read(ref _questions);

    /// <summary>The records of each name and type, as data; a name that is not there does not exist.</summary>
    internal Dictionary<(string Name, int Type), List<byte[]>> Records { get; set; } = [];

    /// <summary>How long records hold, in seconds.</summary>
    internal uint Ttl { get; set; } = 1;

    /// <summary>The code of every answer; null: what is right.</summary>
    internal int? Code { get; set; }

    /// <summary>The code of its answers to what has more than a question, as of servers before EDNS; 0: it knows it.
    /// </summary>
    internal int RefusalOfExtensions { get; set; }

    /// <summary>Whether that refusal is a head alone, without the question.</summary>
    internal bool IsRefusalBare { get; set; }

    /// <summary>Whether it says nothing.</summary>
    internal bool IsSilent { get; set; }

    /// <summary>Whether answers over UDP are cut.</summary>
    internal bool Truncates { get; set; }

    /// <summary>What it does with questions over TCP.</summary>
    internal OverTcp OverTcp { get; set; }

    /// <summary>The name for which its answer is that it fails.</summary>
    internal string? FailsFor { get; set; }

    /// <summary>Data of an SRV record.</summary>
    internal static byte[] Srv(int priority, int weight, int port, string target) =>
    [
        (byte)(priority >> 8), (byte)priority, (byte)(weight >> 8), (byte)weight, (byte)(port >> 8), (byte)port,
        .. NameOf(target),
    ];

    /// <summary>Sets the records of a service.</summary>
    internal void SetService(string name, params byte[][] records) =>
        Records = new(Records) { [(name, 33)] = [.. records] };

    /// <summary>Sets a host's address.</summary>
    internal void SetHost(string name, IPAddress address) =>
        Records = new(Records) { [(name, address.AddressFamily == AddressFamily.InterNetwork ? 1 : 28)] = [address.GetAddressBytes()] };

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
        foreach (var thread in _threads) thread.Join();
    }

    /// <summary>A port that is free for both: one that the system gives for UDP may be in use for TCP.</summary>
    private static (Socket Udp, Socket Tcp) Bind(int tries)
    {
        var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        try
        {
            tcp.Bind(udp.LocalEndPoint!);
            return (udp, tcp);
        }
        catch (SocketException) when (tries > 1)
        {
            udp.Dispose();
            tcp.Dispose();
            return Bind(tries - 1);
        }
    }

    private void ServeUdp()
    {
        var buffer = new byte[2048];
        try
        {
            while (true)
            {
                EndPoint asker = new IPEndPoint(IPAddress.Any, 0);
                var count = _udp.ReceiveFrom(buffer, ref asker);
                Interlocked.Increment(ref _questions);
                if (IsSilent) continue;
                // What answers no question is passed over.
                _udp.SendTo(new byte[] { 1, 2, 3 }, asker);
                _udp.SendTo(Answer(buffer.AsSpan(0, count).ToArray(), Truncates), asker);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void ServeTcp()
    {
        try
        {
            while (true)
            {
                using var socket = _tcp.Accept();
                using var stream = new NetworkStream(socket);
                var length = new byte[2];
                stream.ReadExactly(length);
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                stream.ReadExactly(question);
                if (OverTcp == OverTcp.Resets)
                {
                    socket.LingerState = new LingerOption(true, 0);
                    continue;
                }
                var answer = OverTcp == OverTcp.TalksNonsense ? [1, 2, 3] : Answer(question, isCut: false);
                stream.Write([(byte)(answer.Length >> 8), (byte)answer.Length, .. answer]);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // The test is over.
        }
    }

    private byte[] Answer(byte[] question, bool isCut)
    {
        var (name, at) = ("", 12);
        while (question[at] > 0)
        {
            name += (name.Length > 0 ? "." : "") + Encoding.ASCII.GetString(question, at + 1, question[at]);
            at += question[at] + 1;
        }
        var end = at + 5;
        var type = question[end - 3];
        var exists = Records.Keys.Any(key => key.Name == name);
        var records = Records.GetValueOrDefault((name, type), []);
        var code = Code ?? (name == FailsFor ? 2 : exists ? 0 : 3);
        // Additional records: there is one where the question is extended (RFC 6891).
        if (RefusalOfExtensions != 0 && question[11] != 0)
        {
            code = RefusalOfExtensions;
            if (IsRefusalBare) return [question[0], question[1], 0x80, (byte)code, 0, 0, 0, 0, 0, 0, 0, 0];
        }
        if (code != 0 || isCut) records = [];
        List<byte> answer =
        [
            question[0], question[1], (byte)(isCut ? 0x82 : 0x80), (byte)code, 0, 1,
            (byte)(records.Count >> 8), (byte)records.Count, 0, 0, 0, 0,
            .. question[12..end],
        ];
        foreach (var data in records)
        {
            // The name is that of the question: a pointer to it.
            answer.AddRange([0xc0, 12, 0, type, 0, 1, (byte)(Ttl >> 24), (byte)(Ttl >> 16), (byte)(Ttl >> 8), (byte)Ttl]);
            answer.AddRange([(byte)(data.Length >> 8), (byte)data.Length, .. data]);
        }
        return [.. answer];
    }

    private static byte[] NameOf(string name) =>
        [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];
}
