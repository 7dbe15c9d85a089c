using Tailrace.Config;

namespace Tailrace.Chaos;

/// <summary>What a run is asked for.</summary>
/// <param name="Engine">The loop under test.</param>
/// <param name="Seconds">For how long new things are begun.</param>
/// <param name="Seed">What everybody's dice begin with.</param>
/// <param name="Clients">How many there are at once.</param>
/// <param name="Pipes">The pipes of one worker, of a TCP run: 0 has everything copied.</param>
internal sealed record Settings(EngineChoice Engine, int Seconds, int Seed, int Clients, int Pipes);
