namespace Tailrace.Http;

/// <summary>The form of a request target (RFC 9112 section 3.2).</summary>
public enum TargetForm : byte
{
    /// <summary><c>/path?query</c>.</summary>
    Origin,

    /// <summary><c>http://host/path?query</c>: its authority overrules Host.</summary>
    Absolute,

    /// <summary><c>host:port</c>, for CONNECT.</summary>
    Authority,

    /// <summary><c>*</c>, for OPTIONS.</summary>
    Asterisk,
}
