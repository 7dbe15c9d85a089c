namespace Tailrace.Io;

/// <summary>Received bytes that the system keeps until they are sent on, and that this process never sees.</summary>
/// <remarks>
/// Made by a loop when bytes are there, for one receive; the send that takes the last of them gives it back. Until then
/// it belongs to the operation that has it. Used on the loop's thread only.
/// </remarks>
internal abstract class UnseenBytes
{
    /// <summary>How many there are.</summary>
    internal int Length { get; set; }

    /// <summary>Gives it back; what is still in it is lost.</summary>
    internal abstract void Discard();
}
