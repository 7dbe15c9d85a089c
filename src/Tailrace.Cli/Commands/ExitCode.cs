namespace Tailrace.Cli.Commands;

/// <summary>The exit codes of the command, which scripts rely on.</summary>
internal static class ExitCode
{
    /// <summary>It did what was asked.</summary>
    public const int Fine = 0;

    /// <summary>
    /// It was asked well and failed: a wrong configuration, a busy port, a worker that could not go on.
    /// </summary>
    public const int Failed = 1;

    /// <summary>It was asked wrongly: an unknown word, a missing or malformed value.</summary>
    public const int Usage = 2;
}
