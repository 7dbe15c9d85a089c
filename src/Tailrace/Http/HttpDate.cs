using System.Diagnostics;
using System.Globalization;

namespace Tailrace.Http;

/// <summary>Writes times as HTTP wants them (IMF-fixdate, RFC 9110 section 5.6.7). Pure; any thread.</summary>
public static class HttpDate
{
    /// <summary>The length of every date that is written.</summary>
    public const int Length = 29;

    private static readonly long SecondsMin = DateTimeOffset.MinValue.ToUnixTimeSeconds();
    private static readonly long SecondsMax = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>Writes <c>Sun, 06 Nov 1994 08:49:37 GMT</c>.</summary>
    /// <param name="unixSeconds">Seconds since 1970; outside the years 1 to 9999 the nearest end is written.</param>
    /// <param name="output">At least <see cref="Length"/> bytes.</param>
    public static void Format(long unixSeconds, Span<byte> output)
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(unixSeconds, SecondsMin, SecondsMax));
        bool fits = time.TryFormat(output, out int written, "R", CultureInfo.InvariantCulture);
        Debug.Assert(fits && written == Length, "an HTTP date is 29 bytes");
    }
}
