using System.Diagnostics;

namespace Tailrace.Fuzz;

/// <summary>Runs one target over its corpus and over mutations of it.</summary>
/// <param name="target">What is checked.</param>
/// <param name="seed">Decides everything that happens.</param>
public sealed class Fuzzer(IFuzzTarget target, int seed)
{
    private readonly List<byte[]> _corpus = LoadCorpus(target.Name);
    private readonly Mutator _mutator = new(new Random(seed));
    private int _runs;

    /// <summary>An input for which a property does not hold.</summary>
    /// <param name="Input">The input.</param>
    /// <param name="Seed">What its splits and limits came from.</param>
    /// <param name="Message">What does not hold.</param>
    public sealed record Failure(byte[] Input, int Seed, string Message);

    /// <summary>How many inputs were checked.</summary>
    public int Runs => _runs;

    /// <summary>Every target there is.</summary>
    public static IReadOnlyList<IFuzzTarget> Targets =>
        [
            new RequestHeadTarget(), new ResponseHeadTarget(), new ChunkedBodyTarget(), new ProxyHeaderTarget(),
            new ClientHelloTarget(), new FirstBytesTarget(), new DnsAnswerTarget(),
        ];

    /// <summary>The inputs of a target's corpus folder.</summary>
    public static List<byte[]> LoadCorpus(string name)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "corpus", name);
        return [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    }

    /// <summary>Checks inputs until one fails, the count is reached or the time is up.</summary>
    public Failure? Run(int count, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        for (; _runs < count; _runs++)
        {
            if ((_runs & 1023) == 1023 && Stopwatch.GetElapsedTime(start) > time)
                break;
            byte[] input = _runs < _corpus.Count ? _corpus[_runs] : _mutator.Next(_corpus);
            Failure? failure = Check(target, input, unchecked(seed * 31 + _runs));
            if (failure is not null)
                return failure;
        }
        return null;
    }

    /// <summary>Checks one input; what it throws is a failure too.</summary>
    public static Failure? Check(IFuzzTarget target, byte[] input, int seed)
    {
        string? message;
        try
        {
            message = target.Check(input, new Random(seed));
        }
        catch (Exception exception)
        {
            message = exception.ToString();
        }
        return message is null ? null : new(input, seed, message);
    }
}
