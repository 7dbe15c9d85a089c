namespace Tailrace.Http.Rules;

/// <summary>What a value can repeat of an exchange.</summary>
internal enum Variable : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The address that the client's connection comes from, without its port.</summary>
    ClientIp,

    /// <summary>The host that is meant, as the client sent it: with its port if that was sent.</summary>
    Host,

    /// <summary>The method.</summary>
    Method,

    /// <summary>The path, as the client sent it.</summary>
    Path,

    /// <summary>The query, as the client sent it, without its question mark.</summary>
    Query,

    /// <summary>Host and port of the destination that has the request; nothing where there is none.</summary>
    Upstream,
}
