using System.Diagnostics;

namespace Tailrace.Io;

/// <summary>A value for each reactor, made when it is first asked for: what handlers keep without sharing it.</summary>
/// <remarks>
/// One handler serves all workers, each on its own thread; what it remembers between exchanges belongs in one of these.
/// The values live in their reactors, so nothing is locked and no cache line travels between processors. Make few of
/// them, and keep them: a value stays for as long as its reactor.
/// </remarks>
/// <param name="create">Makes the value of a reactor, on that reactor's thread.</param>
public sealed class ReactorLocal<T>(Func<Reactor, T> create) where T : class
{
    /// <summary>The reactor's value. On the reactor's thread.</summary>
    public T Of(Reactor reactor)
    {
        Debug.Assert(EventLoop.Current == reactor.Loop, "a reactor's state is asked for on its own thread");
        if (reactor.Locals.TryGetValue(this, out var known)) return (T)known;
        var made = create(reactor);
        reactor.Locals.Add(this, made);
        return made;
    }
}
