using System.Runtime.CompilerServices;
using Tailrace.Http;
using Tailrace.Http.Rules;

namespace Tailrace.Sessions;

/// <summary>What happens to a family of forwarding fields on the way to an upstream.</summary>
public enum ForwardedPolicy : byte
{
    /// <summary>What the client sent passes as it is, and nothing is added.</summary>
    Off,

    /// <summary>This hop is added to what the client sent; what an earlier hop alone can know is kept.</summary>
    Append,

    /// <summary>What the client sent is replaced by this hop.</summary>
    Set,
}

/// <summary>Which Host an upstream gets.</summary>
public enum HostPolicy : byte
{
    /// <summary>The client's.</summary>
    Keep,

    /// <summary>The destination's own host and port.</summary>
    Destination,

    /// <summary>One that was written in the configuration.</summary>
    Fixed,
}

/// <summary>How a request's head is edited on the way to an upstream. Immutable.</summary>
public sealed record RequestEdits
{
    /// <summary>X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host.</summary>
    public ForwardedPolicy XForwarded { get; init; } = ForwardedPolicy.Append;

    /// <summary>Forwarded (RFC 7239).</summary>
    public ForwardedPolicy Forwarded { get; init; }

    /// <summary>Whether this hop adds itself to Via (RFC 9110 section 7.6.3).</summary>
    public bool Via { get; init; }

    /// <summary>Which Host upstreams get.</summary>
    public HostPolicy Host { get; init; }

    /// <summary>The Host of <see cref="HostPolicy.Fixed"/>.</summary>
    public ReadOnlyMemory<byte> FixedHost { get; init; }

    /// <summary>Fields to set, add or remove; null for none.</summary>
    internal FieldEdits? Fields { get; init; }

    /// <summary>The protocols that a client and an upstream may change to.</summary>
    public UpgradePolicy Upgrades { get; init; } = UpgradePolicy.None;

    /// <summary>
    /// Whether "100 Continue" is said here, as soon as the request is on its way, and the upstream is not asked for it
    /// (RFC 9110 section 10.1.1).
    /// </summary>
    public bool AnswersContinue { get; init; }

    /// <summary>Whether a request that comes from no other proxy only gets X-Forwarded-For and its likes,
    /// with or without Via.</summary>
    internal bool AddsOnly
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => XForwarded != ForwardedPolicy.Off && Forwarded == ForwardedPolicy.Off && Host == HostPolicy.Keep
            && Fields is null;
    }
}

/// <summary>How a response's head is edited on the way to a client. Immutable.</summary>
public sealed record ResponseEdits
{
    /// <summary>Whether this hop adds itself to Via.</summary>
    public bool Via { get; init; }

    /// <summary>Fields to set, add or remove, also in answers that are our own; null for none.</summary>
    internal FieldEdits? Fields { get; init; }
}
