using Tailrace.Http;
using Tailrace.Memory;

namespace Tailrace.Tests.Http;

public sealed class AuthoritySyntaxTests
{
    [Theory]
    [InlineData("h")]
    [InlineData("h.example")]
    [InlineData("H.EXAMPLE.")]
    [InlineData("h.example:8080")]
    [InlineData("h.example:")]
    [InlineData("h:0")]
    [InlineData("h:65535")]
    [InlineData("127.0.0.1:80")]
    [InlineData("a_b.c-d~e")]
    [InlineData("%41!$&'()*+;=")]
    [InlineData("[::1]")]
    [InlineData("[2001:db8::1]:8080")]
    [InlineData("[::ffff:1.2.3.4]:1")]
    [InlineData("a-host-name-that-is-longer-than-one-vector.example.org:65535")]
    public void Valid(string authority) => Assert.True(AuthoritySyntax.IsValid(Wire.Bytes(authority)));

    [Theory]
    [InlineData("")]
    [InlineData(":80")]
    [InlineData("a b")]
    [InlineData(" h")]
    [InlineData("h/x")]
    [InlineData("h?q")]
    [InlineData("h#f")]
    [InlineData("h\\x")]
    [InlineData("u@h")]
    [InlineData("u:p@h")]
    [InlineData("a,b")]
    [InlineData("http://h")]
    [InlineData("h:80:81")]
    [InlineData("h:8x")]
    [InlineData("h:-1")]
    [InlineData("h:+1")]
    [InlineData("h:65536")]
    [InlineData("h:000080")]
    [InlineData("h.exa\u0001mple")]
    [InlineData("h\u00e9")]
    [InlineData("<h>")]
    [InlineData("[::1")]
    [InlineData("::1")]
    [InlineData("[]")]
    [InlineData("[:]")]
    [InlineData("[1]")]
    [InlineData("[::1]x")]
    [InlineData("[::1]:x")]
    [InlineData("[::g]")]
    [InlineData("[fe80::1%25eth0]")]
    public void Invalid(string authority) => Assert.False(AuthoritySyntax.IsValid(Wire.Bytes(authority)));

    [Theory]
    [InlineData("h:80", true)]
    [InlineData("[::1]:80", true)]
    [InlineData("h", false)]
    [InlineData("h:", false)]
    [InlineData("[::1]", false)]
    [InlineData("[::1]:", false)]
    [InlineData("h:80:", false)]
    [InlineData(":80", false)]
    public void A_tunnel_needs_a_port(string authority, bool expected) =>
        Assert.Equal(expected, AuthoritySyntax.IsValidWithPort(Wire.Bytes(authority)));

    [Theory]
    [InlineData("h.example:80", 9)]
    [InlineData("[::1]:80", 5)]
    [InlineData("h", 1)]
    [InlineData("", 0)]
    [InlineData("[::1", 0)]
    public void The_host_ends_before_its_port(string authority, int expected) =>
        Assert.Equal(expected, AuthoritySyntax.HostLength(Wire.Bytes(authority)));

    [Theory]
    [InlineData(".", "")]
    [InlineData("h.example", "")]
    [InlineData("h.example", ":80")]
    [InlineData("h.example", ":65536")]
    [InlineData("a_b.c~%41", "")]
    [InlineData("u@h", "")]
    [InlineData("a,b", "")]
    [InlineData("h\u00e9", "")]
    [InlineData("[::1]", ":80")]
    [InlineData("a-host-name-of-31-bytes.example", "")]
    [InlineData("a-host-name-of-32-bytes.example.", "")]
    [InlineData("a-host-name-of-33-bytes.example.o", "")]
    public void Where_it_lies_in_a_buffer_makes_no_difference(string host, string port)
    {
        byte[] authority = Wire.Bytes(host + port);
        bool isPlain = authority.All(value => char.IsAsciiLetterOrDigit((char)value) || value is (byte)'.' or (byte)'-');
        bool expected = IsStrictlyHost(authority);
        foreach (char around in "x:\r/\0")
        {
            for (int length = authority.Length; length <= 96; length++)
            {
                for (int at = 0; at + authority.Length <= length; at++)
                {
                    byte[] buffer = [.. Enumerable.Repeat((byte)around, length)];
                    authority.CopyTo(buffer, at);
                    bool surely = ByteScan.IsSurelyHost(buffer, at, authority.Length);
                    Assert.True(expected || !surely, $"{host}{port} at {at} of {length}");
                    Assert.Equal(
                        AuthoritySyntax.IsValid(authority),
                        AuthoritySyntax.IsValid(buffer, new ByteSlice(at, authority.Length)));
                    // What one look covers, and is as plain as names are, it has to find, or it is of no use.
                    if (length >= 32 && at + authority.Length <= Math.Min(at, length - 32) + 32 && isPlain)
                        Assert.True(surely, $"{host}{port} at {at} of {length} is not found");
                }
            }
        }
    }

    private static bool IsStrictlyHost(ReadOnlySpan<byte> authority)
    {
        foreach (byte value in authority)
        {
            if (!AuthoritySyntax.IsNameByte(value))
                return false;
        }
        return !authority.IsEmpty;
    }
}
