using System.Net;

namespace Tailrace.Hosting.Names;

/// <summary>The types of records that are asked for (RFC 1035 section 3.2.2, RFC 3596, RFC 2782).</summary>
internal enum DnsType : ushort
{
    /// <summary>An IPv4 address.</summary>
    A = 1,

    /// <summary>Another name of the same.</summary>
    Cname = 5,

    /// <summary>An IPv6 address.</summary>
    Aaaa = 28,

    /// <summary>Where a service is.</summary>
    Srv = 33,
}

/// <summary>One record of an answer; what its type does not have is empty.</summary>
/// <param name="Name">Whose it is, in lower case and without the last dot.</param>
/// <param name="Type">What it is.</param>
/// <param name="Ttl">How many seconds it holds.</param>
internal sealed record DnsRecord(string Name, DnsType Type, uint Ttl)
{
    /// <summary>Of A and AAAA.</summary>
    internal IPAddress? Address { get; init; }

    /// <summary>Of SRV and CNAME: another name; empty for the root.</summary>
    internal string Target { get; init; } = "";

    /// <summary>Of SRV: the lowest comes first.</summary>
    internal int Priority { get; init; }

    /// <summary>Of SRV: the share among equal priorities.</summary>
    internal int Weight { get; init; }

    /// <summary>Of SRV.</summary>
    internal int Port { get; init; }
}

/// <summary>What a name server has said.</summary>
/// <param name="Code">0 when it could answer (RFC 1035 section 4.1.1).</param>
/// <param name="IsTruncated">Whether it had more to say than the datagram holds.</param>
/// <param name="Answers">What was asked for.</param>
/// <param name="Others">What it added of itself, such as the addresses of targets.</param>
internal sealed record DnsReply(
    int Code, bool IsTruncated, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Others);

/// <summary>A name could not be looked up. Its message is for the log.</summary>
internal sealed class DnsException(string message) : Exception(message);
