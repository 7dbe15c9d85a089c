using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Tailrace.Conformance.Support;

/// <summary>Both ends of a TLS connection that passes through.</summary>
internal static class TlsPeer
{
    /// <summary>What the server at an address says to a client that asks for a name and offers protocols.</summary>
    internal static string Ask(IPEndPoint address, string name, params string[] protocols) => Ask(address, name, 0, protocols);

    /// <summary>The same, with the client's bytes in pieces; 0 for whole.</summary>
    internal static string Ask(IPEndPoint address, string name, int pieceLength, string[] protocols)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(address);
        using var tls = new SslStream(new CrumbStream(socket, pieceLength));
        tls.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = name,
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
            ApplicationProtocols = protocols.Length == 0 ? null : [.. protocols.Select(p => new SslApplicationProtocol(p))],
        });
        return new StreamReader(tls).ReadToEnd();
    }

    /// <summary>Serves a connection: says one thing and ends.</summary>
    internal static void Say(Wire wire, X509Certificate2 certificate, string text)
    {
        using var tls = new SslStream(wire.OpenStream());
        tls.AuthenticateAsServer(new SslServerAuthenticationOptions { ServerCertificate = certificate });
        tls.Write(Encoding.ASCII.GetBytes(text));
        tls.ShutdownAsync().GetAwaiter().GetResult();
    }

    /// <summary>A certificate that nobody has signed.</summary>
    internal static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a.example", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    /// <summary>Sends in pieces.</summary>
    private sealed class CrumbStream(Socket socket, int pieceLength) : NetworkStream(socket, ownsSocket: true)
    {
        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            for (var length = 0; !buffer.IsEmpty; buffer = buffer[length..])
            {
                length = pieceLength == 0 ? buffer.Length : Math.Min(pieceLength, buffer.Length);
                length = Socket.Send(buffer[..length]);
            }
        }
    }
}
