using Tailrace.Native;

namespace Tailrace.Io;

/// <summary>Keeps the last descriptors of the process from connections.</summary>
/// <remarks>
/// <para>The runtime opens files at any time (/proc/self/status, pipes of new threads) and ends the process when it
/// cannot. So connections stop short of the limit: accepting pauses, and connects fail as if none were left. That is a
/// little later, for who has been accepted is to be connected: were the last descriptor for a client, its connect would
/// close it, and the next one would be accepted in its place only to be closed in turn.</para>
/// <para>The system gives out the lowest free number, so a number near the limit says that nearly all are taken. No
/// count is kept and nothing is shared; one for each loop, used on its thread.</para>
/// <para>Who has been accepted and has to speak first is connected later, when others have been accepted behind it. So
/// the descriptor that it will need is taken at once, and stands for nothing until then (<see cref="Keep"/>): else most
/// of those that speak at the same moment would find none. A count of them would not do: the lowest free number may be
/// the only one, or one of many.</para>
/// </remarks>
internal sealed class DescriptorReserve
{
    private const int SizeMax = 64;

    /// <summary>The part of it that connects may take.</summary>
    private const int ConnectPart = 4;

    /// <summary>No descriptor is kept: none is needed, or there is none.</summary>
    private const int None = -1;

    private readonly long _first;
    private readonly long _firstOfNone;
    private readonly bool _hasLimit;
    private bool _wasTouched;

    /// <summary>Creates the reserve of a process that may have <paramref name="limit"/> descriptors.</summary>
    internal DescriptorReserve(long limit)
    {
        var size = SizeOf(limit);
        _hasLimit = limit < long.MaxValue;
        _first = limit - size;
        _firstOfNone = _first + size / ConnectPart;
    }

    /// <summary>
    /// Whether a new descriptor would have to come from the reserve. Asks the system only once the reserve has been
    /// touched, so it costs nothing before.
    /// </summary>
    internal bool IsAllThatIsLeft => _wasTouched && DescriptorLimit.LowestFree() >= _first;

    /// <summary>How many are kept of a limit.</summary>
    internal static long SizeOf(long limit) => Math.Min(SizeMax, limit / 4);

    /// <summary>Whether a descriptor of this number would come from the reserve.</summary>
    internal bool Reaches(long descriptor) => descriptor >= _first;

    /// <summary>Looks at the number of a new descriptor.</summary>
    /// <returns>Whether it came from the reserve.</returns>
    internal bool Touches(long descriptor)
    {
        if (descriptor < _first) return false;
        _wasTouched = true;
        return true;
    }

    /// <summary>Takes a descriptor for a connect that comes later.</summary>
    /// <returns>What is to be given to <see cref="Release"/> right before it.</returns>
    internal int Keep()
    {
        if (!_hasLimit) return None;
        var kept = DescriptorLimit.Take();
        if (kept < 0 || !TouchesForConnect(kept)) return kept;
        DescriptorLimit.Return(kept);
        return None;
    }

    /// <summary>Gives back what was kept, if anything was.</summary>
    internal static void Release(int kept)
    {
        if (kept >= 0) DescriptorLimit.Return(kept);
    }

    /// <summary>The same of the connection to a destination, for which there is some of the reserve.</summary>
    /// <returns>Whether it came from what is for no connection.</returns>
    internal bool TouchesForConnect(long descriptor) => Touches(descriptor) && descriptor >= _firstOfNone;
}
