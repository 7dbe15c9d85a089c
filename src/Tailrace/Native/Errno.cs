namespace Tailrace.Native;

/// <summary>The errno values that are told apart (errno(3), Linux).</summary>
internal static class Errno
{
    internal const int Permission = 1;
    internal const int Interrupted = 4;
    internal const int Again = 11;
    internal const int NoMemory = 12;
    internal const int AccessDenied = 13;
    internal const int TooManyInSystem = 23;
    internal const int TooMany = 24;
    internal const int HostUnreachable = 113;
    internal const int InProgress = 115;
}
