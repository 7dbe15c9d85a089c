using Tailrace.Memory;

namespace Tailrace.Http;

/// <summary>Where one field line lies in its head, and which well-known field it is.</summary>
/// <remarks>
/// <para>All offsets count from the first byte of the head. The field owns no bytes: it means something only beside the
/// buffer that was parsed, for as long as that buffer holds the head.</para>
/// <para>Lines are contiguous: a line begins at <c>Name.Offset</c>, and ends at <see cref="LineEnd"/>, which is where
/// the next begins. So a run of untouched fields can be copied in one piece.</para>
/// </remarks>
/// <param name="Name">The name as it was spelled.</param>
/// <param name="Value">The value without the white space around it; may be empty.</param>
/// <param name="LineEnd">The offset behind the line's CRLF.</param>
/// <param name="Id">The well-known field of that name, or <see cref="KnownHeader.Other"/>.</param>
public readonly record struct HeaderField(ByteSlice Name, ByteSlice Value, int LineEnd, KnownHeader Id);
