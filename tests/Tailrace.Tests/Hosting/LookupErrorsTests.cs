using System.Net.Sockets;
using Tailrace.Hosting;

namespace Tailrace.Tests.Hosting;

/// <summary>Why a name is not resolved, in words instead of the names of errors.</summary>
public sealed class LookupErrorsTests
{
    [Theory]
    [InlineData(SocketError.TryAgain, "the name cannot be resolved now")]
    [InlineData(SocketError.HostNotFound, "there is no such name")]
    [InlineData(SocketError.NoData, "the name has no address")]
    [InlineData(SocketError.NoRecovery, "the name server refuses to answer")]
    [InlineData(SocketError.TimedOut, "TimedOut")]
    public void Errors_are_words(SocketError error, string words) =>
        Assert.Equal(words, LookupErrors.Explain(new SocketException((int)error)));
}
