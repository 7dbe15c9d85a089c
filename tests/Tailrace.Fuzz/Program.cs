using System.Diagnostics;
using System.Globalization;
using Tailrace.Fuzz;

// Tailrace.Fuzz --target request|response|chunked [--seconds N] [--seed S]    look for a failure
// Tailrace.Fuzz --target NAME --input HEX --seed S                            repeat one

string? name = null;
int seconds = 10;
int seed = Environment.TickCount;
byte[]? single = null;
for (int i = 0; i + 1 < args.Length; i += 2)
{
    string value = args[i + 1];
    switch (args[i])
    {
        case "--target":
            name = value;
            break;
        case "--seconds":
            seconds = int.Parse(value, CultureInfo.InvariantCulture);
            break;
        case "--seed":
            seed = int.Parse(value, CultureInfo.InvariantCulture);
            break;
        case "--input":
            single = Convert.FromHexString(value);
            break;
    }
}
IFuzzTarget? target = Fuzzer.Targets.FirstOrDefault(candidate => candidate.Name == name);
if (target is null)
{
    Console.Error.WriteLine(
        $"usage: Tailrace.Fuzz --target {string.Join('|', Fuzzer.Targets.Select(candidate => candidate.Name))}"
        + " [--seconds N] [--seed S] [--input HEX]");
    return 2;
}

var fuzzer = new Fuzzer(target, seed);
long start = Stopwatch.GetTimestamp();
Fuzzer.Failure? failure = single is null
    ? fuzzer.Run(int.MaxValue, TimeSpan.FromSeconds(seconds))
    : Fuzzer.Check(target, single, seed);
if (failure is null)
{
    double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
    Console.WriteLine($"{target.Name}: {fuzzer.Runs} inputs, seed {seed}, {elapsed:F1} s: fine");
    return 0;
}
Console.WriteLine($"{failure.Message}\n\ninput: {Convert.ToHexString(failure.Input)}\n\nto repeat:");
Console.WriteLine(
    $"dotnet run -c Release --project tests/Tailrace.Fuzz -- --target {target.Name} --seed {failure.Seed}"
    + $" --input {Convert.ToHexString(failure.Input)}");
return 1;
