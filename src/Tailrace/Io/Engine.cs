namespace Tailrace.Io;

/// <summary>Which loop back end to run on.</summary>
public enum Engine
{
    /// <summary>The best one that this system allows.</summary>
    Auto,

    /// <summary>Linux's io_uring.</summary>
    IoUring,

    /// <summary>Linux's epoll.</summary>
    Epoll,

    /// <summary>The framework's SocketAsyncEventArgs: every system that .NET runs on.</summary>
    Portable,
}
