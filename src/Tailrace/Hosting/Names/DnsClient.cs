using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Tailrace.Hosting.Names;

/// <summary>Asks name servers what the system's own look-up cannot be asked for: SRV records.</summary>
/// <remarks>
/// Slow plane: ordinary .NET on ordinary threads. A question goes to one server after the other, twice, over UDP from a
/// port and with a number that nobody can guess; an answer that does not fit comes over TCP. A server that does not
/// know EDNS is asked once more without.
/// </remarks>
/// <param name="servers">Whom to ask; empty: whom the system asks.</param>
/// <param name="timeout">How long one server has for one answer.</param>
internal sealed class DnsClient(IReadOnlyList<IPEndPoint> servers, TimeSpan timeout)
{
    private const int Rounds = 2;
    private const int Port = 53;

    /// <summary>Looks a name up.</summary>
    /// <exception cref="DnsException">No server knows.</exception>
    internal async Task<DnsReply> QueryAsync(string name, DnsType type, CancellationToken stop)
    {
        var asked = servers.Count > 0 ? servers : OfSystem();
        if (asked.Count == 0) throw new DnsException("no name server is known");
        var reason = "no answer in time";
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var server in asked)
            {
                try
                {
                    var reply = await AskAsync(server, name, type, isExtended: true, stop).ConfigureAwait(false);
                    // It may be the extension that it does not know (RFC 6891 section 7).
                    if (DnsMessage.IsRefusal(reply.Code))
                        reply = await AskAsync(server, name, type, isExtended: false, stop).ConfigureAwait(false);
                    // 3 is an answer as well: there is no such name.
                    if (reply.Code is 0 or 3) return reply;
                    reason = $"the name server answers with code {reply.Code}";
                }
                catch (OperationCanceledException) when (!stop.IsCancellationRequested)
                {
                    // The next one.
                }
                catch (SocketException failure)
                {
                    reason = failure.SocketErrorCode.ToString();
                }
                catch (IOException)
                {
                    // Over TCP: the stream ends, or wraps what has become of the socket.
                    reason = "the name server breaks off";
                }
                catch (DnsException failure)
                {
                    reason = failure.Message;
                }
            }
        }
        throw new DnsException(reason);
    }

    private async Task<DnsReply> AskAsync(
        IPEndPoint server, string name, DnsType type, bool isExtended, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(timeout);
        var id = (ushort)RandomNumberGenerator.GetInt32(1 << 16);
        var question = DnsMessage.Ask(id, name, type, isExtended);
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected: what comes from others is not received.
        await socket.ConnectAsync(server, limit.Token).ConfigureAwait(false);
        await socket.SendAsync(question, limit.Token).ConfigureAwait(false);
        var buffer = new byte[DnsMessage.DatagramMax];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, limit.Token).ConfigureAwait(false);
            if (DnsMessage.Read(buffer.AsSpan(0, count), id, name, type) is not { } reply) continue;
            return reply.IsTruncated
                ? await AskOverTcpAsync(server, question, id, name, type, limit.Token).ConfigureAwait(false)
                : reply;
        }
    }

    private static async Task<DnsReply> AskOverTcpAsync(
        IPEndPoint server, byte[] question, ushort id, string name, DnsType type, CancellationToken stop)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, stop).ConfigureAwait(false);
        using var stream = new NetworkStream(socket);
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)question.Length);
        await stream.WriteAsync((byte[])[.. length, .. question], stop).ConfigureAwait(false);
        await stream.ReadExactlyAsync(length, stop).ConfigureAwait(false);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, stop).ConfigureAwait(false);
        return DnsMessage.Read(message, id, name, type) is { IsTruncated: false } reply
            ? reply
            : throw new DnsException("the name server's answer makes no sense");
    }

    private static List<IPEndPoint> OfSystem() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(one => one.OperationalStatus == OperationalStatus.Up)
            .SelectMany(one => one.GetIPProperties().DnsAddresses)
            .Distinct()
            .Select(address => new IPEndPoint(address, Port)),
    ];
}
