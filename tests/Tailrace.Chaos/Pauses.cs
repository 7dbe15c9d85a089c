namespace Tailrace.Chaos;

/// <summary>Knows when this process did not run for a while: a machine that slept, a debugger, a stop signal.</summary>
/// <remarks>Deadlines of both sides pass meanwhile, and who is late then has a reason.</remarks>
internal static class Pauses
{
    private const int BeatMs = 100;
    private const int PauseMs = 1_500;
    private const int EffectMs = 40_000;

    private static long s_lastAt = -EffectMs;

    /// <summary>Whether a pause may still have consequences.</summary>
    internal static bool IsRecent => Environment.TickCount64 - Interlocked.Read(ref s_lastAt) < EffectMs;

    /// <summary>Begins to look.</summary>
    internal static void Watch() => new Thread(Beat) { IsBackground = true, Name = "pauses" }.Start();

    private static void Beat()
    {
        for (var last = Environment.TickCount64; ; last = Environment.TickCount64)
        {
            Thread.Sleep(BeatMs);
            if (Environment.TickCount64 - last > PauseMs) Interlocked.Exchange(ref s_lastAt, Environment.TickCount64);
        }
    }
}
