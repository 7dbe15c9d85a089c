using System.Runtime.InteropServices;

namespace Tailrace.Native;

/// <summary>Numbers of Linux's system calls, which differ by processor (syscalls(2)).</summary>
internal static class SystemCall
{
    internal static readonly nint SendTo = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 44,
        Architecture.Arm => 290,
        Architecture.X86 or Architecture.S390x => 369,
        Architecture.Ppc64le => 335,
        // What came later shares one table: Arm64, RISC-V, LoongArch.
        _ => 206,
    };

    internal static readonly nint ReceiveFrom = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 45,
        Architecture.Arm => 292,
        Architecture.X86 or Architecture.S390x => 371,
        Architecture.Ppc64le => 337,
        _ => 207,
    };

    internal static readonly nint ThreadId = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 186,
        Architecture.Arm or Architecture.X86 => 224,
        Architecture.S390x => 236,
        Architecture.Ppc64le => 207,
        _ => 178,
    };

    internal static readonly nint FileStatus = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 332,
        Architecture.Arm => 397,
        Architecture.X86 or Architecture.Ppc64le => 383,
        Architecture.S390x => 379,
        _ => 291,
    };
}
