using Tailrace.Http;
using Tailrace.Memory;

namespace Tailrace.Proxy;

/// <summary>The copy of one request on its way to a mirror.</summary>
/// <remarks>Belongs to its <see cref="Mirror"/>, which uses it again; in use until its answer was dropped.</remarks>
internal sealed class MirrorCopy
{
    internal MirrorCopy(BufferPools buffers) => Message = new ByteBuffer(buffers);

    /// <summary>Head and body, as they are sent, behind the PROXY header where there is one.</summary>
    internal ByteBuffer Message { get; }

    /// <summary>The request's method: it tells how the answer ends.</summary>
    internal Method Method { get; set; }

    /// <summary>Who gets it.</summary>
    internal Destination Destination { get; set; } = null!;

    /// <summary>How long its answer took to begin, in milliseconds.</summary>
    internal long? LatencyMs { get; set; }

    /// <summary>The connection that it is on; null while there is none.</summary>
    internal UpstreamConnection? Upstream { get; set; }
}
