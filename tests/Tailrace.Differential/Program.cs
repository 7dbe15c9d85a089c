using System.Diagnostics;
using System.Globalization;
using Tailrace.Differential;
using Tailrace.Fuzz;

// Tailrace.Differential [--seconds N] [--seed S]    the cases, then mutations of them
// Tailrace.Differential --input HEX [--input HEX]     these, one after the other

// What one input leaves behind may show at a later one.
const int InputsKept = 3;

int seconds = 20;
int seed = Environment.TickCount;
var given = new List<byte[]>();
bool isUnderstood = args.Length % 2 == 0;
for (int i = 0; i + 1 < args.Length && isUnderstood; i += 2)
{
    isUnderstood = args[i] switch
    {
        "--seconds" => int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out seconds),
        "--seed" => int.TryParse(args[i + 1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out seed),
        "--input" => TryTake(args[i + 1]),
        _ => false,
    };
}
if (!isUnderstood)
{
    Console.Error.WriteLine("usage: Tailrace.Differential [--seconds N] [--seed S] [--input HEX]");
    return 2;
}

using var kestrel = new KestrelPeer();
using var node = new NodePeer();
Peer[] peers = [kestrel.Start(), node.Start()];
using var ours = new OurServer(peers);
var comparison = new Comparison(ours, peers);
List<byte[]> corpus = [.. Cases.Load(), .. Fuzzer.LoadCorpus("request")];
var mutator = new Mutator(new Random(seed));
long start = Stopwatch.GetTimestamp();
int runs = 0;
var last = new Queue<byte[]>();
while (given.Count > 0 ? runs < given.Count : runs < corpus.Count || !IsOver())
{
    byte[] input = given.Count > 0 ? given[runs] : runs < corpus.Count ? corpus[runs] : mutator.Next(corpus);
    runs++;
    if (last.Count == InputsKept) last.Dequeue();
    last.Enqueue(input);
    if (comparison.Check(input) is not { } finding) continue;
    Console.WriteLine($"{finding}\n\nthe input, as for tests/Tailrace.Differential/cases:\n{Comparison.Show(input)}");
    Console.WriteLine("\nto repeat, with the inputs before it: dotnet run -c Release --project tests/Tailrace.Differential --"
        + string.Concat(last.Select(bytes => $" --input {Convert.ToHexString(bytes)}")));
    return 1;
}
Console.WriteLine($"{runs} inputs, seed {seed}: {comparison.Accepted} requests taken, {comparison.Refused} times a peer "
    + $"refused one behind the proxy, {comparison.Settled} times it reads the raw bytes in another way: fine");
return 0;

bool TryTake(string hex)
{
    bool isHex = hex.Length % 2 == 0 && hex.All(char.IsAsciiHexDigit);
    if (isHex) given.Add(Convert.FromHexString(hex));
    return isHex;
}

bool IsOver() => Stopwatch.GetElapsedTime(start).TotalSeconds >= seconds;
