using System.Runtime.CompilerServices;
using Tailrace.Memory;

namespace Tailrace.Http;

/// <summary>The head of one response: what it says, as values and as places in the buffer it was parsed from.</summary>
public sealed class ResponseHead : MessageHead
{
    /// <summary>Makes an empty head.</summary>
    /// <param name="headerCountMax">How many fields it can hold, whatever the limits say.</param>
    public ResponseHead(int headerCountMax = 100)
        : base(headerCountMax)
    {
    }

    /// <summary>The status, 100 to 599.</summary>
    public int Status { get; internal set; }

    /// <summary>The reason phrase; may be empty.</summary>
    public ByteSlice Reason { get; internal set; }

    /// <summary>Whether the status line says HTTP/1.1, and not a later version that is treated like it.</summary>
    internal bool IsHttp11 { get; set; }

    /// <summary>Whether another response follows for the same request: 1xx, but not 101.</summary>
    public bool IsInterim => Status is >= 100 and < 200 and not 101;

    /// <summary>Forgets everything. The parser does it when it begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Clear()
    {
        ClearShared();
        Status = 0;
        Reason = default;
        IsHttp11 = false;
    }
}
