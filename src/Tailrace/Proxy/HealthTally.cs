namespace Tailrace.Proxy;

/// <summary>Turns the results of single checks into a state that does not flap.</summary>
/// <remarks>The first result counts at once: a destination that is down at the start gets no requests.</remarks>
internal struct HealthTally(int rise, int fall)
{
    private int _inARow;
    private bool _hasBegun;

    /// <summary>Whether the destination is healthy.</summary>
    internal bool IsHealthy { get; private set; } = true;

    /// <summary>Adds a result.</summary>
    /// <returns>Whether the state has changed.</returns>
    internal bool Add(bool isGood)
    {
        var needed = _hasBegun ? isGood ? rise : fall : 1;
        _hasBegun = true;
        _inARow = isGood == IsHealthy ? 0 : _inARow + 1;
        if (_inARow < needed) return false;
        _inARow = 0;
        IsHealthy = isGood;
        return true;
    }
}
