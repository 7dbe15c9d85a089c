using System.Text;

namespace Tailrace.Http.Rules;

/// <summary>What a header field of a request has to be for a route to be taken.</summary>
/// <remarks>
/// Belongs to one worker. Of a field that stands on several lines one suffices; a line is compared whole, also where it
/// holds a list.
/// </remarks>
internal sealed class FieldTest
{
    private readonly byte[] _name;
    private readonly KnownHeader _id;
    private readonly TextTest? _test;

    /// <summary>Creates the test.</summary>
    /// <param name="name">The field's name, in any case.</param>
    /// <param name="test">What a value has to be; null when there must be no such field.</param>
    internal FieldTest(byte[] name, TextTest? test)
    {
        _name = name;
        _id = KnownHeaders.Find(name);
        _test = test;
    }

    /// <summary>Whether the request is so.</summary>
    internal bool Passes(RequestHead head, ReadOnlySpan<byte> bytes)
    {
        var isKnown = _id != KnownHeader.Other;
        if (isKnown && !head.Headers.Has(_id)) return _test is null;
        foreach (ref readonly var field in head.Headers.Fields)
        {
            if (field.Id != _id) continue;
            if (!isKnown && !Ascii.EqualsIgnoreCase(field.Name.In(bytes), _name)) continue;
            if (_test is null) return false;
            if (_test.Passes(field.Value.In(bytes))) return true;
        }
        return _test is null;
    }
}
