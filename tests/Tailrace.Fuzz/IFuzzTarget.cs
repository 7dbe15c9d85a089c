namespace Tailrace.Fuzz;

/// <summary>Something that reads bytes from a peer, with the properties that must hold for every input.</summary>
public interface IFuzzTarget
{
    /// <summary>Its name on the command line, and that of its corpus folder.</summary>
    string Name { get; }

    /// <summary>Checks one input.</summary>
    /// <param name="input">Any bytes at all.</param>
    /// <param name="random">Decides how to split the input and how tight the limits are.</param>
    /// <returns>What does not hold, or null.</returns>
    string? Check(byte[] input, Random random);
}
