namespace Tailrace.Proxy.Balancing;

/// <summary>Throws dice for a candidate, each with a chance in proportion to its share.</summary>
/// <remarks>Equal shares need one throw; others a throw and a binary search in running sums.</remarks>
internal sealed class ShareSampler(Dice dice)
{
    private long[] _sums = [];
    private bool _isEven;

    /// <summary>Takes the shares over.</summary>
    internal void Update(Destination[] candidates)
    {
        if (_sums.Length != candidates.Length) _sums = new long[candidates.Length];
        _isEven = true;
        var sum = 0L;
        for (var i = 0; i < candidates.Length; i++)
        {
            _sums[i] = sum += candidates[i].Share;
            _isEven &= candidates[i].Share == candidates[0].Share;
        }
    }

    /// <summary>The place of a candidate; there has to be one.</summary>
    internal int Throw()
    {
        if (_isEven) return (int)dice.Below(_sums.Length);
        var at = Array.BinarySearch(_sums, dice.Below(_sums[^1]));
        // A sum itself belongs to the next one.
        return at < 0 ? ~at : at + 1;
    }
}
