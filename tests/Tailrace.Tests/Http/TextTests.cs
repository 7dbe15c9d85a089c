using System.Globalization;
using Tailrace.Http;

namespace Tailrace.Tests.Http;

/// <summary>Dates, reason phrases and rejection texts.</summary>
public sealed class TextTests
{
    [Theory]
    [InlineData(784111777, "Sun, 06 Nov 1994 08:49:37 GMT")]
    [InlineData(0, "Thu, 01 Jan 1970 00:00:00 GMT")]
    [InlineData(951782400, "Tue, 29 Feb 2000 00:00:00 GMT")]
    [InlineData(-1, "Wed, 31 Dec 1969 23:59:59 GMT")]
    [InlineData(long.MinValue, "Mon, 01 Jan 0001 00:00:00 GMT")]
    [InlineData(long.MaxValue, "Fri, 31 Dec 9999 23:59:59 GMT")]
    public void A_date_is_a_fixdate(long seconds, string expected)
    {
        CultureInfo culture = CultureInfo.CurrentCulture;
        Span<byte> output = stackalloc byte[HttpDate.Length];
        HttpDate.Format(seconds, output);
        Assert.Equal(expected, Wire.Text(output));
        Assert.Same(culture, CultureInfo.CurrentCulture);
    }

    [Theory]
    [InlineData(200, "OK")]
    [InlineData(101, "Switching Protocols")]
    [InlineData(404, "Not Found")]
    [InlineData(431, "Request Header Fields Too Large")]
    [InlineData(505, "HTTP Version Not Supported")]
    [InlineData(299, "")]
    [InlineData(0, "")]
    public void A_status_has_its_registered_phrase(int status, string expected) =>
        Assert.Equal(expected, Wire.Text(StatusText.Of(status)));

    [Fact]
    public void Every_rejection_has_a_status_with_a_phrase_and_a_reason_of_its_own()
    {
        var reasons = new HashSet<string>();
        foreach (Rejection rejection in Enum.GetValues<Rejection>().Where(rejection => rejection != Rejection.None))
        {
            Assert.NotEqual("", Wire.Text(StatusText.Of(Rejections.StatusOf(rejection))));
            Assert.True(reasons.Add(Wire.Text(Rejections.Reason(rejection))), $"{rejection} has the reason of another");
        }
        Assert.Equal("", Wire.Text(Rejections.Reason(Rejection.None)));
    }

    [Theory]
    [InlineData(Rejection.BadRequestLine, 400)]
    [InlineData(Rejection.MethodTooLong, 501)]
    [InlineData(Rejection.UnsupportedTransferEncoding, 501)]
    [InlineData(Rejection.BadTransferEncoding, 400)]
    [InlineData(Rejection.UnsupportedVersion, 505)]
    [InlineData(Rejection.TargetTooLong, 414)]
    [InlineData(Rejection.HeadTooLarge, 431)]
    [InlineData(Rejection.TooManyHeaders, 431)]
    [InlineData(Rejection.TrailersTooLarge, 431)]
    [InlineData(Rejection.BodyTooLarge, 413)]
    [InlineData(Rejection.MissingHost, 400)]
    public void A_rejection_has_the_status_of_the_RFC(Rejection rejection, int status) =>
        Assert.Equal(status, Rejections.StatusOf(rejection));
}
