using System.Text;

namespace Tailrace.Fuzz;

/// <summary>
/// Makes new inputs of old ones: small damage, pieces of HTTP in wrong places, and halves of two inputs.
/// </summary>
/// <param name="random">The only source of chance, so that a seed says it all.</param>
public sealed class Mutator(Random random)
{
    private static readonly byte[][] Words = new[]
    {
        "\r\n", "\n", "\r", "\r\n\r\n", "\n\n", "\r\r\n", " ", "\t", ":", ": ", ",", ";", "\"", "\\", "\0", "\x7f",
        "\xff",
        "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "GET ", "POST ", "CONNECT ", "OPTIONS ", "*", "/", "?", "#", "%00",
        "http://",
        "Host: a\r\n", "Content-Length: 5\r\n", "Content-Length: ", "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Connection: close, x\r\n", "Connection: upgrade\r\nUpgrade: x\r\n",
        "TE: trailers\r\n", "Expect: 100-continue\r\n", "X: y\r\n", "\r\n folded", "chunked", "0\r\n", "0\r\n\r\n",
        "5\r\nhello\r\n", "ffffffffffffffff", "9223372036854775807", "9223372036854775808", "a=\"b\"", ";a=b",
        "PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "1.2.3.4 ", "::1 ", "65535", "\r\n\r\n\0\r\nQUIT\n", "\x21\x11\0\x0c",
    }.Select(Encoding.Latin1.GetBytes).ToArray();

    private const int LengthMax = 2000;

    /// <summary>A new input, made of one or two of the corpus.</summary>
    public byte[] Next(IReadOnlyList<byte[]> corpus)
    {
        var bytes = new List<byte>(corpus[random.Next(corpus.Count)]);
        for (int count = random.Next(1, 6); count > 0; count--)
            MutateOnce(bytes, corpus);
        return bytes.Count <= LengthMax ? [.. bytes] : [.. bytes[..LengthMax]];
    }

    private void MutateOnce(List<byte> bytes, IReadOnlyList<byte[]> corpus)
    {
        int at = random.Next(bytes.Count + 1);
        int length = Math.Min(random.Next(1, 9), bytes.Count - at);
        switch (random.Next(8))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.Insert(at, (byte)random.Next(256));
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 5:
                bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), random.Next(1, 300)));
                break;
            case 6:
                byte[] other = corpus[random.Next(corpus.Count)];
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other[random.Next(other.Length + 1)..]);
                break;
            default:
                bytes.InsertRange(at, Words[random.Next(Words.Length)]);
                break;
        }
    }
}
