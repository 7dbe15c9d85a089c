namespace Tailrace.Simulation;

/// <summary>One fault that is put into a run on purpose: the n-th operation, or the rents of the n-th turn.</summary>
internal sealed class SimFaults
{
    /// <summary>Which operation fails, counted from 1; 0 for none.</summary>
    internal long FailOperation { get; init; }

    /// <summary>
    /// In which turn of the watched reactor its pools give no more blocks, counted from 1; 0 for none.
    /// </summary>
    internal long StarveTurn { get; init; }

    /// <summary>How many blocks they still give in that turn.</summary>
    internal int StarveAfter { get; init; }

    /// <summary>Operations so far.</summary>
    internal long Operations { get; private set; }

    /// <summary>Turns of the watched reactor so far.</summary>
    internal long Turns { get; set; }

    /// <summary>Whether the fault has happened.</summary>
    internal bool HasStruck { get; private set; }

    /// <summary>Counts an operation.</summary>
    /// <returns>True when it has to fail.</returns>
    internal bool Strikes()
    {
        if (++Operations != FailOperation) return false;
        HasStruck = true;
        return true;
    }

    /// <summary>Counts a turn.</summary>
    /// <returns>True when the pools have to be empty during it.</returns>
    internal bool Starves()
    {
        if (++Turns != StarveTurn) return false;
        HasStruck = true;
        return true;
    }
}
