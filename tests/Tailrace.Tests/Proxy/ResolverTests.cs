using System.Net;
using System.Net.Sockets;
using Tailrace.Io;
using Tailrace.Proxy;

namespace Tailrace.Tests.Proxy;

/// <summary>Names that name servers are silent about, in every number.</summary>
public sealed class ResolverTests : IDisposable
{
    private static readonly NetAddress s_one = NetAddress.From(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 0));
    private static readonly NetAddress s_other = NetAddress.From(new IPEndPoint(IPAddress.Parse("10.0.0.2"), 0));

    private readonly SilentNames _names = new();
    private readonly Resolver _resolver;
    private long _now = 1_000;

    public ResolverTests() =>
        _resolver = new Resolver { WaitingMax = 8, Find = _names.Find, Clock = () => Volatile.Read(ref _now) };

    public void Dispose() => _names.Dispose();

    [Fact]
    public async Task A_name_is_looked_up_on_a_thread_of_its_own()
    {
        var lookUp = _resolver.TryLookUp("a")!;
        Assert.Equal("a", _names.Next());
        Assert.False(lookUp.IsCompleted);
        _names.Answer("a", IPAddress.Loopback);
        Assert.Equal([IPAddress.Loopback], await lookUp);
        Assert.False(_names.WasOnPool);
    }

    [Fact]
    public async Task Equal_names_are_one_look_up_at_a_time()
    {
        var lookUp = _resolver.TryLookUp("a")!;
        Assert.Same(lookUp, _resolver.TryLookUp("a", s_one));
        Assert.Equal("a", _names.Next());
        _names.Answer("a", IPAddress.Loopback);
        await lookUp;
        await _resolver.TryLookUp("a")!;
        Assert.Equal("a", _names.Next());
    }

    [Fact]
    public async Task So_many_run_so_many_wait_and_no_more()
    {
        for (var i = 0; i < Resolver.ThreadsMax; i++) Assert.NotNull(_resolver.TryLookUp($"n{i}"));
        for (var i = 0; i < Resolver.ThreadsMax; i++) _names.Next();
        for (var i = 0; i < 8; i++) Assert.NotNull(_resolver.TryLookUp($"w{i}"));
        Assert.Null(_resolver.TryLookUp("more"));
        Assert.NotNull(_resolver.TryLookUp("w7"));
        for (var i = 0; i < 8; i++)
        {
            _names.Answer($"n{i}", IPAddress.Loopback);
            Assert.Equal($"w{i}", _names.Next());
        }
        var more = _resolver.TryLookUp("more")!;
        _names.Answer("n8", IPAddress.Loopback);
        Assert.Equal("more", _names.Next());
        _names.Answer("more", IPAddress.Loopback);
        Assert.Single(await more);
    }

    [Fact]
    public void One_client_gets_half_of_it()
    {
        for (var i = 0; i < Resolver.ThreadsMax / 2 + 4; i++) Assert.NotNull(_resolver.TryLookUp($"n{i}", s_one));
        Assert.Null(_resolver.TryLookUp("more", s_one));
        for (var i = 0; i < Resolver.ThreadsMax / 2; i++) _names.Next();
        // Those that wait do not keep others from what is left.
        for (var i = 0; i < Resolver.ThreadsMax / 2; i++)
        {
            Assert.NotNull(_resolver.TryLookUp($"o{i}", s_other));
            Assert.Equal($"o{i}", _names.Next());
        }
        Assert.NotNull(_resolver.TryLookUp("other", s_other));
        // What has ended for the one lets the one go on, though the other waits too.
        _names.Answer("n0", IPAddress.Loopback);
        Assert.Equal("n8", _names.Next());
        _names.Answer("o0", IPAddress.Loopback);
        Assert.Equal("other", _names.Next());
    }

    [Fact]
    public async Task What_was_not_found_is_not_looked_up_for_a_while()
    {
        var lookUp = _resolver.TryLookUp("a")!;
        _names.Refuse("a", SocketError.HostNotFound);
        var failure = await Assert.ThrowsAsync<SocketException>(() => lookUp);
        Assert.Equal(SocketError.HostNotFound, failure.SocketErrorCode);
        Assert.Equal("a", _names.Next());
        Volatile.Write(ref _now, _now + 4_999);
        Assert.Same(lookUp, _resolver.TryLookUp("a"));
        _names.Answer("a", IPAddress.Loopback);
        Volatile.Write(ref _now, _now + 1);
        Assert.Single(await _resolver.TryLookUp("a")!);
        Assert.Equal("a", _names.Next());
    }

    [Fact]
    public async Task What_nobody_wants_any_more_makes_room()
    {
        for (var i = 0; i < Resolver.ThreadsMax; i++) Assert.NotNull(_resolver.TryLookUp($"n{i}"));
        for (var i = 0; i < Resolver.ThreadsMax; i++) _names.Next();
        var unwanted = _resolver.TryLookUp("w0", timeoutMs: 10)!;
        for (var i = 1; i < 7; i++) Assert.NotNull(_resolver.TryLookUp($"w{i}", timeoutMs: 10));
        Assert.NotNull(_resolver.TryLookUp("wanted", timeoutMs: 10));
        Assert.NotNull(_resolver.TryLookUp("wanted", timeoutMs: 20));
        Assert.Null(_resolver.TryLookUp("more"));
        Volatile.Write(ref _now, _now + 10);
        Assert.NotNull(_resolver.TryLookUp("more"));
        await Assert.ThrowsAsync<TimeoutException>(() => unwanted);
        _names.Answer("n0", IPAddress.Loopback);
        Assert.Equal("wanted", _names.Next());
        _names.Answer("n1", IPAddress.Loopback);
        Assert.Equal("more", _names.Next());
    }
}
