using System.Buffers.Binary;
using System.Text;

namespace Tailrace.Tests.Tls.Hello;

/// <summary>Makes ClientHellos as clients do, and as they should not.</summary>
internal static class HelloBytes
{
    /// <summary>A hello in one record.</summary>
    internal static byte[] Of(params byte[][] extensions) => Record(Message(extensions));

    /// <summary>The handshake message alone.</summary>
    internal static byte[] Message(params byte[][] extensions)
    {
        var all = extensions.SelectMany(e => e).ToArray();
        byte[] body =
        [
            3, 3, .. new byte[32], 32, .. new byte[32],
            // GREASE among the suites, as Chrome has it.
            0, 4, 0x0A, 0x0A, 0x13, 0x01, 1, 0,
            .. extensions.Length == 0 ? [] : Vector16(all),
        ];
        return [1, 0, (byte)(body.Length >> 8), (byte)body.Length, .. body];
    }

    /// <summary>A handshake record.</summary>
    internal static byte[] Record(ReadOnlySpan<byte> content) => [22, 3, 1, .. Vector16(content.ToArray())];

    /// <summary>An extension.</summary>
    internal static byte[] Extension(int type, params byte[] data) => [(byte)(type >> 8), (byte)type, .. Vector16(data)];

    /// <summary>The name of the server.</summary>
    internal static byte[] Name(string name) => Extension(0, Vector16([0, .. Vector16(Encoding.Latin1.GetBytes(name))]));

    /// <summary>The protocols on offer.</summary>
    internal static byte[] Alpn(params string[] protocols) =>
        Extension(16, Vector16([.. protocols.SelectMany(p => (byte[])[(byte)p.Length, .. Encoding.ASCII.GetBytes(p)])]));

    private static byte[] Vector16(byte[] content)
    {
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)content.Length);
        return [.. length, .. content];
    }
}
