using System.Runtime.CompilerServices;
using Tailrace.Memory;

namespace Tailrace.Http;

/// <summary>The head of one request: what it says, as values and as places in the buffer it was parsed from.</summary>
public sealed class RequestHead : MessageHead
{
    /// <summary>Makes an empty head.</summary>
    /// <param name="headerCountMax">How many fields it can hold, whatever the limits say.</param>
    public RequestHead(int headerCountMax = 100)
        : base(headerCountMax)
    {
    }

    /// <summary>The method; its bytes are <see cref="MethodText"/>.</summary>
    public Method Method { get; internal set; }

    /// <summary>The method as it was spelled.</summary>
    public ByteSlice MethodText { get; internal set; }

    /// <summary>The request target as it was spelled.</summary>
    public ByteSlice Target { get; internal set; }

    /// <summary>The form of <see cref="Target"/>.</summary>
    public TargetForm Form { get; internal set; }

    /// <summary>
    /// The path without query. Empty for CONNECT, and for an absolute target that ends behind its authority, which
    /// means "/" ("*" for OPTIONS); "*" for the asterisk form.
    /// </summary>
    public ByteSlice Path { get; internal set; }

    /// <summary>What follows the first question mark of the target; empty also when there is none.</summary>
    public ByteSlice Query { get; internal set; }

    /// <summary>
    /// The <c>host[:port]</c> that is meant: that of the target if it has one, else that of Host (RFC 9112 section
    /// 3.3). Empty only when an HTTP/1.0 request has neither.
    /// </summary>
    public ByteSlice Authority { get; internal set; }

    /// <summary>
    /// Whether the client waits for 100 before it sends its body. False when there is no body to wait for, or in
    /// HTTP/1.0, where it must be ignored (RFC 9110 section 10.1.1).
    /// </summary>
    public bool ExpectContinue { get; internal set; }

    /// <summary>Whether the client asks to change protocol: Upgrade, named by Connection, in HTTP/1.1.</summary>
    public bool IsUpgrade { get; internal set; }

    /// <summary>Whether the request line says HTTP/1.1, and not a later version that is treated like it.</summary>
    internal bool IsHttp11 { get; set; }

    /// <summary>Whether TE has "trailers", so that trailer fields will not be dropped by the client.</summary>
    public bool TeTrailers { get; internal set; }

    /// <summary>Forgets everything. The parser does it when it begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Clear()
    {
        ClearShared();
        Method = Method.Other;
        MethodText = Target = Path = Query = Authority = default;
        Form = TargetForm.Origin;
        ExpectContinue = IsUpgrade = TeTrailers = IsHttp11 = false;
    }
}
