namespace Tailrace.Simulation;

/// <summary>Bytes that follow from an id: whoever reads them can tell whose they are, and from where.</summary>
internal static class SimPayload
{
    /// <summary>Writes the bytes of <paramref name="id"/> from <paramref name="offset"/> on.</summary>
    internal static void Fill(Span<byte> target, long id, long offset)
    {
        for (var i = 0; i < target.Length; i++) target[i] = At(id, offset + i);
    }

    /// <summary>Fails unless the bytes are those of <paramref name="id"/> from <paramref name="offset"/> on.</summary>
    internal static void Check(ReadOnlySpan<byte> bytes, long id, long offset)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != At(id, offset + i)) throw new SimFailure($"byte {offset + i} of body {id} is not its own");
        }
    }

    private static byte At(long id, long offset)
    {
        var z = (ulong)(id + 1) * 0x9E3779B97F4A7C15 + (ulong)offset * 0xD1B54A32D192ED03;
        return (byte)((z ^ z >> 29) * 0xBF58476D1CE4E5B9 >> 56);
    }
}
