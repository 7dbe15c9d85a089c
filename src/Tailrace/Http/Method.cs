namespace Tailrace.Http;

/// <summary>A request method (RFC 9110 section 9.1), as far as a proxy treats it specially.</summary>
/// <remarks>
/// Methods are open-ended: every other token is <see cref="Other"/> and travels on as the bytes it came in.
/// </remarks>
public enum Method : byte
{
    /// <summary>A method that is not in this list; its text is in the head.</summary>
    Other,

    /// <summary>GET.</summary>
    Get,

    /// <summary>HEAD: its response never has a body, whatever its fields say.</summary>
    Head,

    /// <summary>POST.</summary>
    Post,

    /// <summary>PUT.</summary>
    Put,

    /// <summary>DELETE.</summary>
    Delete,

    /// <summary>OPTIONS: the one method that may have the target <c>*</c>.</summary>
    Options,

    /// <summary>TRACE.</summary>
    Trace,

    /// <summary>PATCH (RFC 5789).</summary>
    Patch,

    /// <summary>CONNECT: a 2xx response turns the connection into a tunnel.</summary>
    Connect,
}
