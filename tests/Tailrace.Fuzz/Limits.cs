using Tailrace.Http;

namespace Tailrace.Fuzz;

/// <summary>
/// Limits as some user might set them: mostly the defaults, at times so tight that inputs run into them.
/// </summary>
internal static class Limits
{
    public static HttpLimits Pick(Random random) => random.Next(3) != 0
        ? HttpLimits.Default
        : new HttpLimits
        {
            HeadBytesMax = random.Next(1, 300),
            HeaderCountMax = random.Next(0, 6),
            TargetLengthMax = random.Next(1, 60),
            ChunkExtensionBytesMax = random.Next(0, 20),
            ChunkExtensionTotalBytesMax = random.Next(0, 40),
            TrailerBytesMax = random.Next(2, 60),
            BodyBytesMax = random.Next(0, 40),
        };
}
