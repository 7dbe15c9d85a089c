using Tailrace.Sessions;

namespace Tailrace.Hosting;

/// <summary>A route that was added in code.</summary>
internal sealed record CodeRoute(string Host, string Path, bool IsPrefix, Handler Handler);
