namespace Tailrace.Chaos.Tcp;

/// <summary>What may cut a connection besides its peers.</summary>
internal enum Limit
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Silence: <see cref="Place.IdleMs"/> without a byte either way.</summary>
    Idle,

    /// <summary>Its age: <see cref="Place.LifetimeMs"/>.</summary>
    Lifetime,
}

/// <summary>Where a peer is: a listener for clients, a destination for origins.</summary>
/// <param name="Name">What it is called.</param>
internal sealed record Place(string Name)
{
    /// <summary>How long nothing may move at a listener that minds.</summary>
    internal const int IdleMs = 1_500;

    /// <summary>How old connections may get at a listener that minds.</summary>
    internal const int LifetimeMs = 1_200;

    /// <summary>Whether origins are there, not clients.</summary>
    internal bool IsOrigin { get; init; }

    /// <summary>What may cut connections there.</summary>
    internal Limit Limit { get; init; }

    /// <summary>Whether everything goes in order there: no faults, and nobody is killed.</summary>
    internal bool IsCalm { get; init; }

    /// <summary>
    /// Whether some there end their stream only when they have seen the end of the other one, whenever that is. Those
    /// on the other side may not.
    /// </summary>
    internal bool WaitsForEnd { get; init; }

    /// <summary>Whether a PROXY header comes before each stream.</summary>
    internal bool HasHeader { get; init; }

    /// <summary>
    /// The names that clients may ask for in a ClientHello, and the destinations that are meant by them.
    /// </summary>
    internal IReadOnlyList<(string? Name, string Destination)> Names { get; init; } = [(null, "")];
}
