using BenchmarkDotNet.Attributes;
using Tailrace.Http;
using Tailrace.Http.H1;

namespace Tailrace.Bench;

/// <summary>What chunked framing costs, many small chunks being the worst case.</summary>
[MemoryDiagnoser]
public class ChunkBenchmarks
{
    private byte[] _body = [];

    /// <summary>Bytes of a chunk; the body has 16 KB.</summary>
    [Params(16, 4096)]
    public int ChunkBytes { get; set; }

    /// <summary>Makes the body.</summary>
    [GlobalSetup]
    public void Setup() => _body = Messages.Chunked(16384 / ChunkBytes, ChunkBytes);

    /// <summary>Takes 16 KB apart.</summary>
    [Benchmark]
    public long Decode()
    {
        var decoder = new ChunkedDecoder();
        decoder.Reset(HttpLimits.Default);
        var rest = _body.AsSpan();
        ChunkStep step;
        do
        {
            step = decoder.Next(rest, out var consumed, out _);
            rest = rest[consumed..];
        }
        while (step == ChunkStep.Data);
        if (step != ChunkStep.End) throw new InvalidOperationException($"the body is not whole: {step}");
        return decoder.BodyBytes;
    }
}
