using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tailrace.Native;

/// <summary>Constants of epoll(7) and the layout of struct epoll_event, which is packed on x86-64 only.</summary>
internal static unsafe class Epoll
{
    internal const int CloseOnExec = 0x80000;
    internal const int Add = 1;
    internal const uint In = 0x1;
    internal const uint Out = 0x4;
    internal const uint Error = 0x8;
    internal const uint HangUp = 0x10;
    internal const uint ReadHangUp = 0x2000;
    internal const uint EdgeTriggered = 1u << 31;

    /// <summary>Bytes of one event in an array.</summary>
    internal static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int s_dataOffset = EventBytes - 8;

    internal static uint EventsOf(byte* entry) => *(uint*)entry;

    internal static ulong DataOf(byte* entry) => Unsafe.ReadUnaligned<ulong>(entry + s_dataOffset);

    internal static void Fill(byte* entry, uint events, ulong data)
    {
        *(uint*)entry = events;
        Unsafe.WriteUnaligned(entry + s_dataOffset, data);
    }
}
