using System.Text;
using Tailrace.Http;
using Tailrace.Memory;
using Tailrace.Sessions;

namespace Tailrace.Tests.Sessions;

/// <summary>Where a body lies in the input, however it arrives.</summary>
public sealed class BodyReaderTests : IDisposable
{
    private readonly BufferPools _pools = new(256, 1024, 1 << 20);
    private readonly ByteBuffer _input;
    private readonly BodyReader _reader = new();

    public BodyReaderTests() => _input = new ByteBuffer(_pools);

    /// <summary>Framing, length, what is on the wire, the content, the trailers. A bar begins what follows.</summary>
    public static TheoryData<BodyKind, long, string, string, string> Bodies => new()
    {
        { BodyKind.None, -1, "|next", "", "" },
        { BodyKind.Length, 0, "|next", "", "" },
        { BodyKind.Length, 5, "hello|next", "hello", "" },
        { BodyKind.Chunked, -1, "0\r\n\r\n|next", "", "" },
        { BodyKind.Chunked, -1, "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n|next", "hello!", "" },
        { BodyKind.Chunked, -1, "A\r\n0123456789\r\n000\r\nX: y\r\nZ:\r\n\r\n|next", "0123456789", "X: y\r\nZ:\r\n" },
    };

    [Theory, MemberData(nameof(Bodies))]
    public void However_it_is_split(BodyKind kind, long length, string wire, string content, string trailers)
    {
        var bar = wire.IndexOf('|');
        wire = wire.Remove(bar, 1);
        foreach (var limit in new[] { int.MaxValue, 1, 3 })
        {
            for (var split = 0; split <= wire.Length; split++)
            {
                _input.Clear();
                _reader.Begin(_input, kind, length, HttpLimits.Default);
                var found = new StringBuilder();
                var isEnded = Feed(wire[..split], limit, found);
                Assert.Equal(split >= bar, isEnded);
                if (!isEnded) Assert.True(Feed(wire[split..], limit, found));
                else if (split < wire.Length) Assert.True(_input.TryAppend(Encoding.Latin1.GetBytes(wire[split..])));
                Assert.Equal(content, found.ToString());
                Assert.Equal(content.Length, _reader.Received);
                Assert.Equal(trailers, Encoding.Latin1.GetString(_reader.Trailers));
                Assert.Equal(0, _reader.Remaining < 0 ? 0 : _reader.Remaining);
                _reader.TakeTrailers();
                Assert.Equal(wire[bar..], Encoding.Latin1.GetString(_input.Unread));
            }
        }
    }

    [Fact]
    public void A_length_that_is_known_counts_down()
    {
        _reader.Begin(_input, BodyKind.Length, 10, HttpLimits.Default);
        Assert.Equal(10, _reader.Remaining);
        Assert.Equal(BodyStep.NeedMore, _reader.Next(out _));
        Assert.True(_input.TryAppend("0123"u8));
        Assert.Equal(BodyStep.Data, _reader.Next(out var count));
        Assert.Equal(4, count);
        Assert.Equal(6, _reader.Remaining);
        Assert.False(_reader.IsEnded);
    }

    [Theory]
    [InlineData(BodyKind.Length, 10, "", "", 10)]
    [InlineData(BodyKind.Length, 10, "0123", "", 6)]
    [InlineData(BodyKind.Chunked, -1, "a\r\n0123", "\r\n0\r\n\r\n", 6)]
    [InlineData(BodyKind.Chunked, -1, "a\r\n", "\r\n0\r\n\r\n", 10)]
    public void What_is_ahead_may_pass_by_in_parts(BodyKind kind, long length, string before, string behind, int ahead)
    {
        _reader.Begin(_input, kind, length, HttpLimits.Default);
        var found = new StringBuilder();
        Assert.False(Feed(before, int.MaxValue, found));
        Assert.Equal(ahead, _reader.Ahead);
        _reader.Skip(1);
        Assert.Equal(ahead - 1, _reader.Ahead);
        _reader.Skip(ahead - 1);
        Assert.Equal(0, _reader.Ahead);
        Assert.Equal(10, _reader.Received);
        Assert.True(Feed(behind, int.MaxValue, found));
        Assert.Equal(10 - ahead, found.Length);
        Assert.True(_reader.IsEnded);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("a\r\n0123456789")]
    [InlineData("a\r\n0123456789\r\n0\r\nX: y")]
    public void Framing_is_never_ahead(string wire)
    {
        _reader.Begin(_input, BodyKind.Chunked, -1, HttpLimits.Default);
        Assert.False(Feed(wire, int.MaxValue, new StringBuilder()));
        Assert.Equal(0, _reader.Ahead);
    }

    [Theory]
    [InlineData(BodyKind.UntilClose, true)]
    [InlineData(BodyKind.Length, false)]
    [InlineData(BodyKind.Chunked, false)]
    public void The_end_of_the_stream_ends_only_what_ends_with_it(BodyKind kind, bool isProper)
    {
        _reader.Begin(_input, kind, 10, HttpLimits.Default);
        Assert.True(_input.TryAppend("1\r\na"u8));
        while (_reader.Next(out var count) == BodyStep.Data) _input.Consume(count);
        Assert.Equal(-1, kind == BodyKind.Length ? -1 : _reader.Remaining);
        Assert.Equal(isProper, _reader.EndOfStream());
        Assert.Equal(isProper, _reader.IsEnded);
        if (isProper) Assert.Equal(0, _reader.Remaining < 0 ? 0 : _reader.Remaining);
    }

    [Theory]
    [InlineData("x\r\n", Rejection.BadChunk)]
    [InlineData("1\r\nabc", Rejection.BadChunk)]
    [InlineData("fffffffffffffffff\r\n", Rejection.BadChunk)]
    [InlineData("7\r\n1234567\r\n", Rejection.BodyTooLarge)]
    [InlineData("3\r\n123\r\n4\r\n1234\r\n", Rejection.BodyTooLarge)]
    [InlineData("0\r\nno field\r\n\r\n", Rejection.BadHeaderName)]
    public void What_breaks_the_rules_is_rejected_and_stays_so(string wire, Rejection expected)
    {
        _reader.Begin(_input, BodyKind.Chunked, -1, new HttpLimits { BodyBytesMax = 6 });
        Assert.True(_input.TryAppend(Encoding.Latin1.GetBytes(wire)));
        BodyStep step;
        while ((step = _reader.Next(out var count)) == BodyStep.Data) _input.Consume(count);
        Assert.Equal(BodyStep.Rejected, step);
        Assert.Equal(expected, _reader.Rejection);
        Assert.Equal(BodyStep.Rejected, _reader.Next(out _));
        Assert.False(_reader.IsEnded);
    }

    public void Dispose()
    {
        _input.Clear();
        Assert.Equal(0, _pools.Rented);
        _pools.Dispose();
    }

    private bool Feed(string wire, int limit, StringBuilder found)
    {
        Assert.True(_input.TryAppend(Encoding.Latin1.GetBytes(wire)));
        while (true)
        {
            switch (_reader.Next(limit, out var count))
            {
                case BodyStep.Data:
                    Assert.InRange(count, 1, limit);
                    found.Append(Encoding.Latin1.GetString(_input.Unread[..count]));
                    _input.Consume(count);
                    continue;
                case BodyStep.End:
                    return true;
                default:
                    Assert.Equal(Rejection.None, _reader.Rejection);
                    return false;
            }
        }
    }
}
