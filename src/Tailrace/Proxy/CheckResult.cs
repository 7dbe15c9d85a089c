namespace Tailrace.Proxy;

/// <summary>What an active check has found. The default is that all is well.</summary>
/// <param name="Fault">What is wrong, or null when nothing is.</param>
/// <param name="IsOwnWant">
/// Whether it is this side that lacks something, so that nothing is known of the destination.
/// </param>
internal readonly record struct CheckResult(string? Fault, bool IsOwnWant = false);
