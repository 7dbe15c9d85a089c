using System.Text;
using Tailrace.Native;

namespace Tailrace.Io.Backends;

/// <summary>Finds out by doing whether io_uring may be used: a version number or a list of features proves nothing.
/// </summary>
/// <remarks>
/// Containers refuse single calls of it, and single operations. So a small ring that is thrown away again does what the
/// loop does: buffers are registered, and bytes go through a multishot receive and a send, over a pair of sockets.
/// </remarks>
internal static unsafe class UringProbe
{
    private const int WithinMs = 1000;
    private const ulong SendTag = 1;
    private const ulong ReceiveTag = 2;

    private static ReadOnlySpan<byte> Message => "probe"u8;

    /// <summary>Why it may not be used, or null.</summary>
    internal static IoException? Refusal()
    {
        var settings = new UringSettings { Submissions = 4, Completions = 8, Receives = 4, ReceivesMax = 4 };
        var pair = stackalloc int[2] { -1, -1 };
        try
        {
            using var ring = new UringRing(settings);
            using var receives = new UringReceives(ring, settings);
            ring.Enable();
            if (Libc.socketpair(SocketAbi.AfUnix, SocketAbi.SockStream | SocketAbi.SockCloexec, 0, pair) < 0)
                return UringRing.Refusal("socketpair", Libc.Errno);
            return RoundTrip(ring, receives, pair[0], pair[1]);
        }
        catch (IoException refusal)
        {
            return refusal;
        }
        finally
        {
            for (var i = 0; i < 2; i++)
            {
                if (pair[i] >= 0) Libc.close(pair[i]);
            }
        }
    }

    private static IoException? RoundTrip(UringRing ring, UringReceives receives, int from, int to)
    {
        var sqe = ring.Add(
            Uring.OpReceive, Uring.SqeBufferSelect, Uring.ReceiveMultishot, to, null, 0, 0, ReceiveTag);
        sqe->BufferGroup = UringReceives.Group;
        fixed (byte* bytes = Message)
        {
            ring.Add(
                Uring.OpSend, Uring.SqeSkipSuccess, 0, from, bytes, (uint)Message.Length, UringLoop.SendFlags, SendTag);
            for (var end = Environment.TickCount64 + WithinMs; Environment.TickCount64 < end;)
            {
                ring.Enter(WithinMs);
                while (ring.TryTake(out var completion))
                {
                    if (completion.Outcome < 0)
                    {
                        var call = completion.UserData == SendTag ? "send" : "multishot receive";
                        return UringRing.Refusal(call, -completion.Outcome);
                    }
                    if (completion.UserData != ReceiveTag) continue;
                    var received = receives.At((int)(completion.Flags >> Uring.CqeBufferShift));
                    var isRight = new ReadOnlySpan<byte>(received, completion.Outcome).SequenceEqual(Message);
                    return isRight && (completion.Flags & Uring.CqeMore) != 0
                        ? null
                        : Failure($"a message came back as '{Encoding.ASCII.GetString(received, completion.Outcome)}'");
                }
            }
        }
        return Failure("a message did not come back");
    }

    private static IoException Failure(string what) => new(IoError.Other, what);
}
