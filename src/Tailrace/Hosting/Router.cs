using System.Text;
using Tailrace.Handlers;
using Tailrace.Http;
using Tailrace.Io;
using Tailrace.Proxy;
using Tailrace.Sessions;

namespace Tailrace.Hosting;

/// <summary>Finds who answers a request of one listener: what the listener itself refuses, else a route.</summary>
/// <remarks>One for each listener and worker; used on the worker's thread only.</remarks>
internal sealed class Router(RequestPolicy policy, RouteTable routes, ForwardProxyHandler? forwardProxy)
{
    private static readonly FixedReply s_oddPath = Refusal(400, "400 Bad Request: the path is ambiguous\n");
    private static readonly FixedReply s_badHops = Refusal(400, "400 Bad Request: Max-Forwards is not one number\n");
    private static readonly FixedReply s_expectation = Refusal(417, "417 Expectation Failed\n");

    private readonly bool _isPlain =
        !policy.AnswersContinue && forwardProxy is null && policy.RefusedPaths == PathOddity.None;

    private byte[] _path = [];

    /// <summary>The handler of a request. Where there is no choice it costs nothing.</summary>
    internal Handler Route(RequestHead head, ReadOnlySpan<byte> bytes, Connection client) =>
        _isPlain && head.Method < Method.Options && routes.Sole is { } sole ? sole : RouteFully(head, bytes, client);

    /// <summary>The same where there is one. A usual request costs one look at its path beside the routes.</summary>
    private Handler RouteFully(RequestHead head, ReadOnlySpan<byte> bytes, Connection client)
    {
        if (head.Method >= Method.Options && RouteByMethod(head, bytes) is { } special) return special;
        if (policy.AnswersContinue && head.Headers.Has(KnownHeader.Expect) && HasOtherExpectation(head, bytes))
            return s_expectation;
        if (forwardProxy is not null && head.Form == TargetForm.Absolute) return forwardProxy;
        if (routes.Sole is { } sole && policy.RefusedPaths == PathOddity.None) return sole;
        return PathSyntax.IsPlain(bytes, head.Path)
            ? routes.Find(head, bytes, client) ?? FixedReply.NotFound
            : RouteOdd(head, bytes, client);
    }

    /// <summary>What is not for routes to answer; null for the rest.</summary>
    private Handler? RouteByMethod(RequestHead head, ReadOnlySpan<byte> bytes)
    {
        if (head.Method == Method.Connect) return forwardProxy ?? (Handler)MethodRefusal.Instance;
        if (head.Method == Method.Trace && !policy.ForwardsTrace) return MethodRefusal.Instance;
        if (!MaxForwards.Applies(head)) return null;
        return MaxForwards.Read(head, bytes) switch
        {
            MaxForwards.Invalid => s_badHops,
            0 => head.Method == Method.Trace ? MethodRefusal.Instance : OptionsReply.Instance,
            _ => null,
        };
    }

    /// <summary>Routes by the normal form of a path that is written in another way.</summary>
    private Handler RouteOdd(RequestHead head, ReadOnlySpan<byte> bytes, Connection client)
    {
        var path = head.Path.In(bytes);
        if (_path.Length < path.Length) _path = new byte[path.Length];
        var length = PathSyntax.Normalize(path, _path, out var oddity);
        if ((oddity & policy.RefusedPaths) != 0) return s_oddPath;
        return routes.Find(head, bytes, client, _path.AsSpan(0, length)) ?? FixedReply.NotFound;
    }

    private static bool HasOtherExpectation(RequestHead head, ReadOnlySpan<byte> bytes)
    {
        if (head.MinorVersion == 0) return false;
        foreach (ref readonly var field in head.Headers.Fields)
        {
            if (field.Id != KnownHeader.Expect) continue;
            var expectations = new ListReader(field.Value.In(bytes));
            while (expectations.TryRead(out var expectation))
            {
                if (!Ascii.EqualsIgnoreCase(expectation, "100-continue"u8)) return true;
            }
        }
        return false;
    }

    private static FixedReply Refusal(int status, string text) =>
        new(status, "text/plain", Encoding.ASCII.GetBytes(text));
}
