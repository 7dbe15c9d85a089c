using System.Net;
using Tailrace.Config;

namespace Tailrace.Hosting.Names;

/// <summary>One place where a service is.</summary>
/// <param name="Host">The target's name.</param>
/// <param name="Port">Its port.</param>
/// <param name="Priority">The lowest comes first.</param>
/// <param name="Weight">Its share among equal priorities, at least 1.</param>
/// <param name="Addresses">The target's addresses, in order.</param>
internal sealed record SrvPlace(string Host, int Port, int Priority, int Weight, IReadOnlyList<IPAddress> Addresses);

/// <summary>Finds the places of a service by its SRV records (RFC 2782).</summary>
internal sealed class SrvLookup(DnsClient client)
{
    /// <summary>The most places of one service.</summary>
    internal const int PlacesMax = 128;

    /// <summary>Looks a service up.</summary>
    /// <returns>Its places, and for how many seconds they hold.</returns>
    /// <exception cref="DnsException">
    /// There is none that can be reached, or nobody knows, be it of the service or of one of its targets.
    /// </exception>
    internal async Task<(IReadOnlyList<SrvPlace> Places, long Ttl)> FindAsync(string name, CancellationToken stop)
    {
        var reply = await client.QueryAsync(name, DnsType.Srv, stop).ConfigureAwait(false);
        if (reply.Code != 0) throw new DnsException("there is no such name");
        var records = reply.Answers.Where(record => record.Type == DnsType.Srv).ToArray();
        if (records.Length == 0) throw new DnsException("it has no SRV records");
        // A single target that is the root says that the service is not there.
        if (records.All(record => record.Target.Length == 0)) throw new DnsException("the service is not provided");
        if (records.Length > PlacesMax) throw new DnsException($"it has more than {PlacesMax} SRV records");
        var ttl = reply.Answers.Min(record => (long)record.Ttl);
        var places = new List<SrvPlace>();
        foreach (var record in records)
        {
            // What is no host name, the root among it, must not get into a Host header or a log.
            if (record.Port == 0 || !HostAndPort.IsName(record.Target)) continue;
            var addresses = await AddressesOfAsync(record.Target, reply.Others, stop).ConfigureAwait(false);
            if (addresses.Count == 0) continue;
            var weight = Math.Max(record.Weight, 1);
            places.Add(new SrvPlace(record.Target, record.Port, record.Priority, weight, addresses));
        }
        if (places.Count == 0) throw new DnsException("none of its targets has an address");
        return ([.. places.DistinctBy(place => (place.Host, place.Port))], ttl);
    }

    private async Task<IReadOnlyList<IPAddress>> AddressesOfAsync(
        string host, IReadOnlyList<DnsRecord> known, CancellationToken stop)
    {
        var addresses = AddressesIn(known.Where(record => record.Name == host));
        if (addresses.Count > 0) return addresses;
        var found = new List<DnsRecord>();
        foreach (var type in new[] { DnsType.A, DnsType.Aaaa })
        {
            // What an alias stands for is in the same answer. Only an answer without addresses leaves a target out:
            // when nobody knows, it may be well where it was.
            found.AddRange((await client.QueryAsync(host, type, stop).ConfigureAwait(false)).Answers);
        }
        return AddressesIn(found);
    }

    private static List<IPAddress> AddressesIn(IEnumerable<DnsRecord> records) =>
        [.. records.Select(record => record.Address).OfType<IPAddress>().Distinct()];
}
