using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tailrace.Io;
using Tailrace.Native;
using Tailrace.Telemetry;

namespace Tailrace.Hosting;

/// <summary>The file of the access log: appended to, and opened anew where another has taken its place.</summary>
/// <remarks>
/// Used by the thread of <see cref="AccessLog"/> alone, which flushes it at every turn: once a second it looks then
/// whether its path still leads to the file that it writes to. So a file that is renamed or removed, as those who
/// rotate logs do, needs no signal; and as each write goes to the end of the file, also one that was truncated is
/// gone on with, and several processes may write to the same. All of that on Linux; elsewhere it is a
/// <see cref="FileStream"/>.
/// </remarks>
internal sealed class AccessLogFile : Stream
{
    private const long LookMilliseconds = 1000;

    private readonly string _path;
    private readonly byte[] _nativePath;
    private readonly Log? _log;
    private FileStream _output;
    private (long Device, long Number)? _identity;
    private long _nextLook = Environment.TickCount64 + LookMilliseconds;
    private int _lastErrno;

    private AccessLogFile(string path, SafeFileHandle file, Log? log)
    {
        (_path, _nativePath, _log) = (path, AppendFile.Terminated(path), log);
        Use(file);
    }

    /// <summary>Opens it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="log">Where to say that it cannot be opened anew.</param>
    /// <exception cref="IOException">It cannot be opened; the message says which and why.</exception>
    internal static Stream Open(string path, Log? log)
    {
        if (!Loops.HasLinuxCalls) return OpenElsewhere(path);
        path = Path.GetFullPath(path);
        return AppendFile.TryOpen(path, out var errno) is { } file
            ? new AccessLogFile(path, file, log)
            : throw new IOException($"cannot open the access log '{path}': {WordsOf(errno)}");
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer) => _output.Write(buffer);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Nothing is held back; now and then it looks where its path leads.</summary>
    public override void Flush()
    {
        if (Environment.TickCount64 < _nextLook) return;
        _nextLook = Environment.TickCount64 + LookMilliseconds;
        Follow();
    }

    /// <summary>Opens what is at the path where that is another file, or none.</summary>
    internal void Follow()
    {
        var identity = AppendFile.Identify(_nativePath, out var isGone);
        if (!isGone && (identity is null || identity == _identity)) return;
        if (AppendFile.TryOpen(_path, out var errno) is { } file)
        {
            _output.Dispose();
            Use(file);
        }
        else if (errno != _lastErrno)
        {
            // The file that is open takes the lines until this one can be.
            _log?.Warn("the access log cannot be opened anew", ("path", _path), ("because", WordsOf(errno)));
        }
        _lastErrno = errno;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _output.Dispose();
        base.Dispose(disposing);
    }

    [MemberNotNull(nameof(_output))]
    private void Use(SafeFileHandle file)
    {
        // The lines come in whole buffers already.
        _output = new FileStream(file, FileAccess.Write, bufferSize: 0);
        _identity = AppendFile.Identify(file);
    }

    private static string WordsOf(int errno) => errno switch
    {
        Errno.NoEntry => "there is no such directory",
        Errno.IsDirectory => "it is a directory",
        Errno.NoReader => "it is a pipe that nobody reads, or a socket",
        Errno.Permission or Errno.AccessDenied => "this user may not write to it",
        _ => Marshal.GetPInvokeErrorMessage(errno),
    };

    private static FileStream OpenElsewhere(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The system's words, since the framework's own messages are left out of small builds.
            var reason = e switch
            {
                UnauthorizedAccessException => "it is a directory, or this user may not write to it",
                DirectoryNotFoundException => "there is no such directory",
                _ => Marshal.GetPInvokeErrorMessage(e.HResult),
            };
            throw new IOException($"cannot open the access log '{path}': {reason}", e);
        }
    }
}
