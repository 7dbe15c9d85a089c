using System.Net;

namespace Tailrace.Proxy;

/// <summary>One place of a service, as its records say. Immutable.</summary>
/// <param name="Index">Its number in the cluster: the same for as long as it is there.</param>
/// <param name="Name">Host and port, for logs.</param>
/// <param name="Weight">Its share.</param>
/// <param name="Priority">Its rank.</param>
/// <param name="Addresses">Where it is.</param>
internal sealed record ServicePlace(int Index, string Name, int Weight, int Priority, SocketAddress[] Addresses);
