using System.Runtime.CompilerServices;

namespace Tailrace.Io;

/// <summary>A reference that is set and withdrawn all the time, and nearly always set to what it was before.</summary>
/// <remarks>
/// Storing a reference costs a dozen instructions, for the collector has to hear of it. This one is stored when it
/// changes: what was withdrawn is kept aside, so use it for objects that live as long as their holder, or come from a
/// free list. A request has a dozen of these.
/// </remarks>
internal struct RepeatedReference<T>
    where T : class
{
    private T? _known;
    private bool _isSet;

    /// <summary>The reference, or null.</summary>
    internal T? Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => _isSet ? _known : null;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            _isSet = value is not null;
            RepeatedReference.Keep(ref _known, value);
        }
    }
}

/// <summary>
/// The same for objects of which there are thousands: whether it is set is kept among their other flags, where it takes
/// no room.
/// </summary>
internal static class RepeatedReference
{
    /// <summary>Stores a reference that is set, if it is another than before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Keep<T>(ref T? known, T? value)
        where T : class
    {
        if (value is not null && known != value) known = value;
    }
}
