using System.Security.Cryptography;
using Tailrace.Io;

namespace Tailrace.Proxy.Udp;

/// <summary>The sessions of one listener and worker by who sends and which own address it is sent to.</summary>
/// <remarks>
/// Chains through the sessions themselves, so that nothing is allocated for one; the table of chains grows with them.
/// The hash has secrets of this table: sources can be forged, and forged ones must not all meet in one chain. Used on
/// its reactor's thread only.
/// </remarks>
internal sealed class SessionTable
{
    private readonly ulong _secret = Secret();
    private readonly ulong _otherSecret = Secret();
    private UdpSession?[] _chains = new UdpSession?[64];

    /// <summary>Sessions in it.</summary>
    internal int Count { get; private set; }

    /// <summary>The session of a client, or null.</summary>
    /// <param name="client">Who sends.</param>
    /// <param name="local">The own address that is sent to; nothing where there is one only.</param>
    internal UdpSession? Find(in DatagramAddress client, in NetAddress local)
    {
        var session = _chains[client.Hash(_secret, _otherSecret) & (uint)(_chains.Length - 1)];
        while (session is not null && !(session.Client.Equals(client) && session.Local.Equals(local)))
            session = session.NextInChain;
        return session;
    }

    /// <summary>Adds a session that is not in it.</summary>
    internal void Add(UdpSession session)
    {
        if (Count == _chains.Length) Grow();
        Count++;
        Link(session);
    }

    /// <summary>Takes a session out.</summary>
    internal void Remove(UdpSession session)
    {
        Count--;
        ref var at = ref ChainOf(session);
        while (at != session) at = ref at!.NextInChain;
        at = session.NextInChain;
        session.NextInChain = null;
    }

    private static ulong Secret() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;

    private ref UdpSession? ChainOf(UdpSession session) =>
        ref _chains[session.Client.Hash(_secret, _otherSecret) & (uint)(_chains.Length - 1)];

    private void Link(UdpSession session)
    {
        ref var chain = ref ChainOf(session);
        session.NextInChain = chain;
        chain = session;
    }

    private void Grow()
    {
        var old = _chains;
        _chains = new UdpSession?[old.Length * 2];
        foreach (var first in old)
        {
            for (var session = first; session is not null;)
            {
                var next = session.NextInChain;
                Link(session);
                session = next;
            }
        }
    }
}
