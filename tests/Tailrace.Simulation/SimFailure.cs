namespace Tailrace.Simulation;

/// <summary>What a checker found.</summary>
internal sealed class SimFailure(string message) : Exception(message);
