using Tailrace.Fuzz;

namespace Tailrace.Tests.Http.H1;

/// <summary>A short run of every fuzz target: one fixed seed, and one that differs every time and is printed.</summary>
public sealed class FuzzTests
{
    private const int Runs = 40_000;

    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (IFuzzTarget target in Fuzzer.Targets)
            {
                cases.Add(target.Name, 1);
                cases.Add(target.Name, Random.Shared.Next());
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void No_property_fails(string name, int seed)
    {
        IFuzzTarget target = Fuzzer.Targets.Single(candidate => candidate.Name == name);
        var fuzzer = new Fuzzer(target, seed);
        Fuzzer.Failure? failure = fuzzer.Run(Runs, TimeSpan.MaxValue);
        string input = Convert.ToHexString(failure?.Input ?? []);
        Assert.True(failure is null, $"{failure?.Message}\n--target {name} --seed {failure?.Seed} --input {input}");
        Assert.Equal(Runs, fuzzer.Runs);
    }

    [Fact]
    public void A_property_that_fails_is_found_and_reported()
    {
        var fuzzer = new Fuzzer(new Fragile(), 1);
        Fuzzer.Failure? failure = fuzzer.Run(Runs, TimeSpan.MaxValue);
        Assert.NotNull(failure);
        Assert.Equal(failure, Fuzzer.Check(new Fragile(), failure.Input, failure.Seed));
    }

    /// <summary>Says that no request has a NUL, which mutations soon refute.</summary>
    private sealed class Fragile : IFuzzTarget
    {
        public string Name => "request";

        public string? Check(byte[] input, Random random) => input.AsSpan(12).Contains((byte)0) ? "a NUL" : null;
    }
}
