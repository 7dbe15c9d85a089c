using Tailrace.Io;

namespace Tailrace.Proxy;

/// <summary>An upstream connection that was opened, or why it was not.</summary>
internal readonly record struct OpenResult(UpstreamConnection? Upstream, IoError Error);
