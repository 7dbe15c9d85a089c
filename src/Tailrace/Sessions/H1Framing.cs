using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Sessions;

/// <summary>How the body of an HTTP/1.1 answer is framed, and what becomes of the connection, as fields.</summary>
/// <param name="Body">The framing of the bytes that follow.</param>
/// <param name="Length">
/// The Content-Length to write, or -1 for none. With no body it says what a GET would have had.
/// </param>
/// <param name="KeepAlive">Whether the connection serves another request.</param>
/// <param name="MinorVersion">The client's version: 1.0 has to be told of persistence.</param>
internal readonly record struct H1Framing(BodyKind Body, long Length, bool KeepAlive, int MinorVersion)
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Write(ref HeadWriter writer)
    {
        if (Body == BodyKind.Chunked) writer.Write("Transfer-Encoding: chunked\r\n"u8);
        else if (Length >= 0) WriteLength(ref writer, Length);
        if (!KeepAlive) writer.Write("Connection: close\r\n"u8);
        else if (MinorVersion == 0) writer.Write("Connection: keep-alive\r\n"u8);
    }

    private static void WriteLength(ref HeadWriter writer, long length)
    {
        writer.Write("Content-Length: "u8);
        writer.WriteNumber(length);
        writer.WriteCrlf();
    }
}
