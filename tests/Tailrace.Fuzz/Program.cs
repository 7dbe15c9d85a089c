using System.Diagnostics;
using System.Globalization;
using Tailrace.Fuzz;

// Tailrace.Fuzz --target request|response|chunked|proxy|hello|first|dns [--seconds N] [--seed S]    look for a failure
// Tailrace.Fuzz --target NAME --seed S --input HEX                            repeat one

IFuzzTarget? target = null;
int seconds = 10;
int seed = Environment.TickCount;
byte[]? single = null;
bool isUnderstood = args.Length % 2 == 0;
for (int i = 0; i + 1 < args.Length && isUnderstood; i += 2)
{
    string value = args[i + 1];
    switch (args[i])
    {
        case "--target":
            target = Fuzzer.Targets.FirstOrDefault(candidate => candidate.Name == value);
            break;
        case "--seconds":
            isUnderstood = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out seconds);
            break;
        case "--seed":
            isUnderstood = int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out seed);
            break;
        case "--input":
            isUnderstood = value.Length % 2 == 0 && value.All(char.IsAsciiHexDigit);
            single = isUnderstood ? Convert.FromHexString(value) : null;
            break;
        default:
            isUnderstood = false;
            break;
    }
}
if (target is null || !isUnderstood)
{
    string names = string.Join('|', Fuzzer.Targets.Select(candidate => candidate.Name));
    Console.Error.WriteLine($"usage: Tailrace.Fuzz --target {names} [--seconds N] [--seed S] [--input HEX]");
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
    Console.WriteLine($"{target.Name}: {(single is null ? fuzzer.Runs : 1)} inputs, seed {seed}, {elapsed:F1} s: fine");
    return 0;
}
Console.WriteLine($"{failure.Message}\n\nto repeat:");
Console.WriteLine(
    $"dotnet run -c Release --project tests/Tailrace.Fuzz -- --target {target.Name} --seed {failure.Seed}"
    + $" --input {Convert.ToHexString(failure.Input)}");
return 1;
