namespace Tailrace.Io;

/// <summary>What an operation came to: a count of bytes, or an error.</summary>
/// <remarks>Anything a peer can cause is such a value; exceptions are for bugs and start-up errors.</remarks>
public readonly struct IoResult
{
    private readonly int _value;

    private IoResult(int value) => _value = value;

    /// <summary>Whether it failed.</summary>
    public bool IsError => _value < 0;

    /// <summary>Bytes moved; for a receive 0 is the end of the stream. Meaningless after an error.</summary>
    public int Bytes => _value;

    /// <summary>Why it failed, or <see cref="IoError.None"/>.</summary>
    public IoError Error => _value < 0 ? (IoError)(-_value) : IoError.None;

    /// <summary>A success.</summary>
    public static IoResult Success(int bytes) => new(bytes);

    /// <summary>A failure.</summary>
    public static IoResult Failure(IoError error) => new(-(int)error);

    /// <inheritdoc/>
    public override string ToString() => IsError ? Error.ToString() : $"{Bytes} bytes";
}
