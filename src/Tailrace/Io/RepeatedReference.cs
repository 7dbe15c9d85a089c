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
            if (value is not null && _known != value) _known = value;
        }
    }
}
