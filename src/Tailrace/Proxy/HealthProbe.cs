using System.Net;
using System.Net.Sockets;
using System.Text;
using Tailrace.Io.ProxyProtocol;

namespace Tailrace.Proxy;

/// <summary>One active check of one address: a connection, and over it a request and its answer.</summary>
/// <remarks>
/// Slow plane: ordinary .NET async on ordinary threads. Sockets and forty lines rather than an HTTP client, which would
/// bring its pools, proxies and redirects with it and double the native binary; a check wants none of them.
/// </remarks>
internal static class HealthProbe
{
    /// <summary>How much of an answer is looked at.</summary>
    private const int AnswerBytesMax = 64 * 1024;

    /// <summary>Makes the check.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="authority">The destination's host and port.</param>
    /// <param name="settings">What to do.</param>
    /// <param name="stop">Ends it; a result of that is not to be used.</param>
    /// <returns>What it has found; whatever happens, it is never an exception.</returns>
    internal static async Task<CheckResult> RunAsync(
        EndPoint address, string authority, CheckSettings settings, CancellationToken stop)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(settings.Timeout);
        try
        {
            var isUnix = address.AddressFamily == AddressFamily.Unix;
            using var socket = new Socket(
                address.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
            if (!isUnix) socket.NoDelay = true;
            await socket.ConnectAsync(address, timeout.Token).ConfigureAwait(false);
            if (settings.ProxyVersion != ProxyVersion.Off)
            {
                var header = ProxyHeaderWriter.OwnHeader(settings.ProxyVersion).ToArray();
                await socket.SendAsync(header, timeout.Token).ConfigureAwait(false);
            }
            if (!settings.IsHttp) return default;
            // A path is no host (RFC 9110 section 7.2).
            var host = settings.Host.Length > 0 ? settings.Host : isUnix ? "localhost" : authority;
            var request = $"GET {settings.Path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: tailrace-health\r\n"
                + "Accept: */*\r\nConnection: close\r\n\r\n";
            await socket.SendAsync(Encoding.ASCII.GetBytes(request), timeout.Token).ConfigureAwait(false);
            return new CheckResult(await ReadAsync(socket, settings, timeout.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            return new CheckResult("timed out");
        }
        catch (SocketException failure)
        {
            return FailureOf(failure.SocketErrorCode);
        }
        catch (Exception failure)
        {
            // Whatever it is: the name may have other addresses, and the next check may succeed.
            return new CheckResult(failure.Message);
        }
    }

    /// <summary>
    /// What a socket's error says. A want of descriptors or memory is this side's. A want of an address is not told
    /// from having none in the other's family, which is no way to it.
    /// </summary>
    private static CheckResult FailureOf(SocketError error) => error switch
    {
        SocketError.TooManyOpenSockets => new CheckResult("no descriptor left", IsOwnWant: true),
        SocketError.NoBufferSpaceAvailable => new CheckResult("the system has no memory for it", IsOwnWant: true),
        _ => new CheckResult(error.ToString()),
    };

    private static async Task<string?> ReadAsync(Socket socket, CheckSettings settings, CancellationToken stop)
    {
        var answer = new byte[AnswerBytesMax];
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(answer.AsMemory(length), stop).ConfigureAwait(false);
            length += received;
            var isWhole = received == 0 || length == answer.Length;
            if (TryJudge(answer.AsSpan(0, length), isWhole, settings, out var fault)) return fault;
        }
    }

    /// <summary>Judges what has come of an answer.</summary>
    /// <returns>False when more is needed.</returns>
    internal static bool TryJudge(ReadOnlySpan<byte> answer, bool isWhole, CheckSettings settings, out string? fault)
    {
        fault = null;
        int status, head;
        // An interim answer says that the answer itself is still to come (RFC 9110, section 15.2).
        for (; ; answer = answer[(head + 4)..])
        {
            head = answer.IndexOf("\r\n\r\n"u8);
            if (head < 0)
            {
                fault = answer.IsEmpty ? "closed without an answer" : "no HTTP";
                return isWhole;
            }
            status = StatusOf(answer);
            if (status is < 100 or 101 or >= 200) break;
        }
        if (status == 0) fault = "no HTTP";
        else if (!settings.IsGood(status)) fault = $"status {status}";
        if (fault is not null || settings.Body.Length == 0 || answer[(head + 4)..].IndexOf(settings.Body) >= 0)
            return true;
        fault = "the body lacks what is expected";
        return isWhole;
    }

    private static int StatusOf(ReadOnlySpan<byte> answer)
    {
        if (!answer.StartsWith("HTTP/1."u8) || answer.Length < 13 || answer[8] != ' ') return 0;
        return int.TryParse(answer[9..12], out var status) ? status : 0;
    }
}
