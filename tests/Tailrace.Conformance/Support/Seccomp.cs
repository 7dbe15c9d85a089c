using System.Runtime.InteropServices;

namespace Tailrace.Conformance.Support;

/// <summary>A filter of system calls (seccomp(2)) for the calling thread and the processes that it starts.</summary>
internal static unsafe partial class Seccomp
{
    private const int PrSetSeccomp = 22;
    private const int PrDropFromBoundingSet = 24;
    private const int PrSetNoNewPrivileges = 38;
    private const int ModeFilter = 2;
    private const int CapabilityToLockMemory = 14;
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort Return = 0x06;
    private const uint Allow = 0x7fff0000;
    private const uint Deny = 0x00050000;
    private const uint FirstArgument = 16;
    private const uint NotPermitted = 1;

    /// <summary>Refuses a system call by number.</summary>
    internal static void DenyCall(uint number, uint errno = NotPermitted) => Install(
    [
        new(LoadWord, 0, 0, 0), new(JumpIfEqual, 0, 1, number),
        new(Return, 0, 0, Deny | errno), new(Return, 0, 0, Allow),
    ]);

    /// <summary>Refuses a system call one of whose arguments, counted from 0, has this value.</summary>
    internal static void DenyCall(uint number, uint argument, uint value, uint errno = NotPermitted) =>
        DenyCall(number, argument, JumpIfEqual, value, errno);

    /// <summary>The same of one with this value or a larger one.</summary>
    internal static void DenyCallFrom(uint number, uint argument, uint value, uint errno) =>
        DenyCall(number, argument, JumpIfAtLeast, value, errno);

    /// <summary>Refuses to wait for events of epoll(7), by whichever call the C library does it.</summary>
    internal static void DenyEpollWait(uint errno = NotPermitted)
    {
        var isX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
        DenyCall(isX64 ? 281u : 22u, errno);
        if (isX64) DenyCall(232, errno);
    }

    private static void DenyCall(uint number, uint argument, ushort comparison, uint value, uint errno) => Install(
    [
        new(LoadWord, 0, 0, 0), new(JumpIfEqual, 0, 3, number),
        new(LoadWord, 0, 0, FirstArgument + 8 * argument), new(comparison, 0, 1, value),
        new(Return, 0, 0, Deny | errno), new(Return, 0, 0, Allow),
    ]);

    /// <summary>Has RLIMIT_MEMLOCK hold for root's processes too.</summary>
    internal static void DropLockedMemoryPrivilege() => prctl(PrDropFromBoundingSet, CapabilityToLockMemory, 0, 0, 0);

    private static void Install(Instruction[] program)
    {
        Assert.Equal(0, prctl(PrSetNoNewPrivileges, 1, 0, 0, 0));
        fixed (Instruction* first = program)
        {
            var filter = new Filter { Length = (ushort)program.Length, First = first };
            Assert.Equal(0, prctl(PrSetSeccomp, ModeFilter, (nint)(&filter), 0, 0));
        }
    }

    [LibraryImport("libc")]
    private static partial int prctl(int option, nint a, nint b, nint c, nint d);

    /// <summary>struct sock_filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Value);

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Filter
    {
        internal ushort Length;
        internal Instruction* First;
    }
}
