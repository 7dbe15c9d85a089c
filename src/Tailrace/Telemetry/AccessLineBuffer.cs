using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tailrace.Config;

namespace Tailrace.Telemetry;

/// <summary>Formats access log records into a buffer of whole lines, which its owner writes out and clears.</summary>
/// <remarks>
/// Owned by the access log's thread. Texts are bytes from clients: whatever they hold, a line stays one line, and JSON
/// stays valid JSON in valid UTF-8.
/// </remarks>
internal sealed class AccessLineBuffer
{
    private const int CapacityBytes = 64 * 1024;

    // A byte becomes six at worst (\u0000), and the numbers and names around the texts are short.
    private const int LineBytesMax = AccessRecord.Size * 6 + 512;

    private readonly byte[] _bytes = new byte[CapacityBytes];
    private int _length;
    private long _stampSecond = long.MinValue;
    private string _stamp = "";

    /// <summary>Lines in the buffer.</summary>
    public int Count { get; private set; }

    /// <summary>Whether any line still fits.</summary>
    public bool HasRoom => _bytes.Length - _length >= LineBytesMax;

    /// <summary>The lines.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Forgets the lines.</summary>
    public void Clear() => (_length, Count) = (0, 0);

    /// <summary>Adds the line of one record.</summary>
    public void Append(AccessLogFormat format, in AccessEntry entry, int worker)
    {
        Debug.Assert(HasRoom, "the owner flushes first");
        var isConnection = !entry.End.IsEmpty;
        if (format == AccessLogFormat.Common) AppendCommon(entry, isConnection);
        else if (isConnection) AppendJsonConnection(entry, worker);
        else AppendJson(entry, worker);
        Put((byte)'\n');
        Count++;
    }

    // host ident user [date] "request" status bytes; of a connection: ... "TCP destination end" 0 bytes
    private void AppendCommon(in AccessEntry entry, bool isConnection)
    {
        PutEscaped(entry.Client.IsEmpty ? "-"u8 : entry.Client, json: false);
        Put(" - - ["u8);
        PutStamp(entry.UnixMilliseconds, "dd/MMM/yyyy:HH:mm:ss +0000");
        Put("] \""u8);
        PutEscaped(isConnection ? entry.Protocol : entry.Method, json: false);
        Put((byte)' ');
        PutEscaped(!isConnection ? entry.Target : entry.Upstream.IsEmpty ? "-"u8 : entry.Upstream, json: false);
        Put((byte)' ');
        PutEscaped(isConnection ? entry.End : entry.Protocol, json: false);
        Put("\" "u8);
        Put(entry.Status);
        Put((byte)' ');
        Put(entry.BytesSent);
    }

    private void AppendJsonConnection(in AccessEntry entry, int worker)
    {
        BeginJson(entry, worker);
        PutMember("listener"u8, entry.Listener);
        PutMember("host"u8, entry.Host);
        PutMember("protocol"u8, entry.Protocol);
        PutMember("end"u8, entry.End);
        PutMember("bytes_sent"u8, entry.BytesSent);
        PutMember("bytes_received"u8, entry.BytesReceived);
        if (entry.Protocol.SequenceEqual("UDP"u8))
        {
            PutMember("datagrams_sent"u8, entry.DatagramsSent);
            PutMember("datagrams_received"u8, entry.DatagramsReceived);
        }
        PutMember("duration_us"u8, entry.DurationMicroseconds);
        PutMember("upstream"u8, entry.Upstream);
        Put((byte)'}');
    }

    private void AppendJson(in AccessEntry entry, int worker)
    {
        BeginJson(entry, worker);
        PutMember("method"u8, entry.Method);
        PutMember("host"u8, entry.Host);
        PutMember("target"u8, entry.Target);
        PutMember("protocol"u8, entry.Protocol);
        PutMember("status"u8, entry.Status);
        PutMember("bytes_sent"u8, entry.BytesSent);
        PutMember("bytes_received"u8, entry.BytesReceived);
        PutMember("duration_us"u8, entry.DurationMicroseconds);
        PutMember("upstream"u8, entry.Upstream);
        PutMember("referer"u8, entry.Referer);
        PutMember("user_agent"u8, entry.UserAgent);
        Put((byte)'}');
    }

    private void BeginJson(in AccessEntry entry, int worker)
    {
        Put("{\"time\":\""u8);
        PutStamp(entry.UnixMilliseconds, "yyyy-MM-ddTHH:mm:ss");
        Put((byte)'.');
        PutMilliseconds(entry.UnixMilliseconds);
        Put("Z\""u8);
        PutMember("worker"u8, worker);
        PutMember("client"u8, entry.Client);
    }

    private void PutMember(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        PutName(name);
        Put((byte)'"');
        PutEscaped(text, json: true);
        Put((byte)'"');
    }

    private void PutMember(ReadOnlySpan<byte> name, long number)
    {
        PutName(name);
        Put(number);
    }

    private void PutName(ReadOnlySpan<byte> name)
    {
        Put(",\""u8);
        Put(name);
        Put("\":"u8);
    }

    // The text of a second is made once and serves all its records.
    private void PutStamp(long unixMilliseconds, string format)
    {
        long second = Math.DivRem(unixMilliseconds, 1000).Quotient;
        if (second != _stampSecond)
        {
            _stamp = DateTime.UnixEpoch.AddSeconds(second).ToString(format, CultureInfo.InvariantCulture);
            _stampSecond = second;
        }
        _length += Encoding.ASCII.GetBytes(_stamp, _bytes.AsSpan(_length));
    }

    private void PutMilliseconds(long unixMilliseconds)
    {
        int part = (int)(unixMilliseconds % 1000);
        Put((byte)('0' + part / 100));
        Put((byte)('0' + part / 10 % 10));
        Put((byte)('0' + part % 10));
    }

    private void PutEscaped(ReadOnlySpan<byte> text, bool json)
    {
        while (!text.IsEmpty)
        {
            byte b = text[0];
            int length = 1;
            if (b is >= 0x20 and < 0x7f and not (byte)'"' and not (byte)'\\') Put(b);
            else if (b is (byte)'"' or (byte)'\\') Put([(byte)'\\', b]);
            else if (!json) PutHex("\\x"u8, b);
            else if (b < 0x80) PutHex("\\u00"u8, b);
            else length = PutUtf8(text);
            text = text[length..];
        }
    }

    private int PutUtf8(ReadOnlySpan<byte> text)
    {
        bool valid = Rune.DecodeFromUtf8(text, out _, out int length) == System.Buffers.OperationStatus.Done;
        if (valid) Put(text[..length]);
        else Put("\\ufffd"u8);
        return length;
    }

    private void PutHex(ReadOnlySpan<byte> prefix, byte b)
    {
        ReadOnlySpan<byte> digits = "0123456789abcdef"u8;
        Put(prefix);
        Put(digits[b >> 4]);
        Put(digits[b & 15]);
    }

    private void Put(byte b) => _bytes[_length++] = b;

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Put(long number)
    {
        bool done = Utf8Formatter.TryFormat(number, _bytes.AsSpan(_length), out int written);
        Debug.Assert(done, "a line has room for its numbers");
        _length += written;
    }
}
