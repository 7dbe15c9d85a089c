using System.Runtime.InteropServices;

namespace Tailrace.Native;

/// <summary>The system calls in use, as the C library offers them: blittable, no logic, no state.</summary>
/// <remarks>
/// Each returns -1 on failure; read <see cref="Errno"/> before anything else. Man pages: section 2 of the name.
/// </remarks>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    /// <summary>errno of the last call on this thread.</summary>
    internal static int Errno => Marshal.GetLastSystemError();

    [LibraryImport(Library)]
    internal static partial int clock_gettime(int clock, Uring.Timespec* time);

    /// <summary>The calling thread's number; a C library offers that by name only since 2019.</summary>
    internal static int gettid() => (int)syscall(SystemCall.ThreadId, 0, null, 0, 0, null, 0);

    [LibraryImport(Library)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library)]
    internal static partial int bind(int fd, byte* address, uint length);

    [LibraryImport(Library)]
    internal static partial int listen(int fd, int backlog);

    [LibraryImport(Library)]
    internal static partial int accept4(int fd, byte* address, uint* length, int flags);

    [LibraryImport(Library)]
    internal static partial int connect(int fd, byte* address, uint length);

    /// <summary>recv(2) on a non-blocking socket.</summary>
    internal static nint recv(int fd, byte* buffer, nuint length, int flags) =>
        syscall(SystemCall.ReceiveFrom, fd, buffer, length, flags, null, 0);

    /// <summary>send(2) on a non-blocking socket.</summary>
    internal static nint send(int fd, byte* buffer, nuint length, int flags) =>
        syscall(SystemCall.SendTo, fd, buffer, length, flags, null, 0);

    /// <summary>
    /// The two calls that every message makes twice, without what a C library and a runtime put around them.
    /// </summary>
    /// <remarks>
    /// <c>recv</c> and <c>send</c> of the C library are cancellation points: two locked instructions each. The
    /// runtime's own transition tells the collector that a call may take long; these never wait, and copy little. A
    /// proxied request has four of them: 480 instructions less of 8,600, and no locked one.
    /// </remarks>
    [LibraryImport(Library)]
    [SuppressGCTransition]
    private static partial nint syscall(
        nint number, nint fd, byte* buffer, nuint length, nint flags, void* address, nint addressLength);

    /// <summary>statx(2), by its number: C libraries offer it by name for a shorter time than kernels do.</summary>
    internal static int statx(int folder, byte* path, int flags, uint mask, byte* status) =>
        (int)WaitingCall(SystemCall.FileStatus, folder, path, (nuint)flags, (nint)mask, status, 0);

    /// <summary>A call that may wait for a disk or a network.</summary>
    [LibraryImport(Library, EntryPoint = "syscall")]
    private static partial nint WaitingCall(
        nint number, nint fd, byte* buffer, nuint length, nint flags, void* address, nint addressLength);

    [LibraryImport(Library)]
    internal static partial int open(byte* path, int flags, int mode);

    [LibraryImport(Library)]
    internal static partial nint sendmsg(int fd, SocketAbi.Message* message, int flags);

    [LibraryImport(Library)]
    internal static partial int recvmmsg(
        int fd, DatagramAbi.Entry* entries, uint count, int flags, void* timeout);

    [LibraryImport(Library)]
    internal static partial int sendmmsg(int fd, DatagramAbi.Entry* entries, uint count, int flags);

    [LibraryImport(Library)]
    internal static partial int shutdown(int fd, int how);

    [LibraryImport(Library)]
    internal static partial int close(int fd);

    [LibraryImport(Library)]
    internal static partial int poll(SocketAbi.Poll* descriptors, nuint count, int timeoutMs);

    [LibraryImport(Library)]
    internal static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport(Library)]
    internal static partial int setsockopt(int fd, int level, int name, void* value, uint length);

    [LibraryImport(Library)]
    internal static partial int getsockopt(int fd, int level, int name, void* value, uint* length);

    [LibraryImport(Library)]
    internal static partial int getsockname(int fd, byte* address, uint* length);

    [LibraryImport(Library)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport(Library)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport(Library)]
    internal static partial int pipe2(int* ends, int flags);

    [LibraryImport(Library)]
    internal static partial int fcntl(int fd, int command, nint value);

    [LibraryImport(Library)]
    internal static partial nint splice(int from, long* fromOffset, int to, long* toOffset, nuint length, uint flags);

    [LibraryImport(Library)]
    internal static partial int eventfd(uint value, int flags);

    [LibraryImport(Library)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport(Library)]
    internal static partial int epoll_ctl(int epoll, int operation, int fd, byte* registration);

    [LibraryImport(Library)]
    internal static partial int epoll_wait(int epoll, byte* events, int maximum, int timeoutMs);

    [LibraryImport(Library)]
    internal static partial int getrlimit(int resource, ulong* limits);

    [LibraryImport(Library)]
    internal static partial int setrlimit(int resource, ulong* limits);

    [LibraryImport(Library)]
    internal static partial int sched_setaffinity(int thread, nuint size, ulong* mask);

    [LibraryImport(Library)]
    internal static partial int sched_getaffinity(int thread, nuint size, ulong* mask);

    [LibraryImport(Library)]
    internal static partial int socketpair(int domain, int type, int protocol, int* fds);

    [LibraryImport(Library)]
    internal static partial int getpeername(int fd, byte* address, uint* length);

    [LibraryImport(Library)]
    internal static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(Library)]
    internal static partial int munmap(void* address, nuint length);

    [LibraryImport(Library)]
    internal static partial int madvise(void* address, nuint length, int advice);
}
