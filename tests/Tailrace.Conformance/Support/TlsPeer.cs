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
        using var tls = new SslStream(new CrumbStream(address, pieceLength));
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

    /// <summary>Sends in pieces. It connects when there is something to send: a first hello takes its time.</summary>
    private sealed class CrumbStream(IPEndPoint address, int pieceLength) : Stream
    {
        private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) =>
            _socket.Receive(buffer, offset, count, SocketFlags.None);

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (!_socket.Connected) _socket.Connect(address);
            for (int sent; count > 0; offset += sent, count -= sent)
            {
                var length = pieceLength == 0 ? count : Math.Min(pieceLength, count);
                sent = _socket.Send(buffer, offset, length, SocketFlags.None);
            }
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) _socket.Dispose();
            base.Dispose(disposing);
        }
    }
}
