namespace Tailrace.Native;

/// <summary>The errno values that are told apart (errno(3), Linux).</summary>
internal static class Errno
{
    internal const int Permission = 1;
    internal const int NoEntry = 2;
    internal const int Interrupted = 4;
    internal const int NoReader = 6;
    internal const int Again = 11;
    internal const int NoMemory = 12;
    internal const int AccessDenied = 13;
    internal const int InputOutput = 5;
    internal const int MessageTooLong = 90;
    internal const int Busy = 16;
    internal const int IsDirectory = 21;
    internal const int Invalid = 22;
    internal const int TooManyInSystem = 23;
    internal const int TooMany = 24;
    internal const int BrokenPipe = 32;
    internal const int NoSystemCall = 38;
    internal const int BadRequest = 53;
    internal const int TimerExpired = 62;
    internal const int AddressNotAvailable = 99;
    internal const int Reset = 104;
    internal const int NoBuffers = 105;
    internal const int HostUnreachable = 113;
    internal const int InProgress = 115;
    internal const int Cancelled = 125;
}
