using Tailrace.Http;
using Tailrace.Tests.Sessions;

namespace Tailrace.Tests.Http;

/// <summary>Which requests ask for another protocol, and which 101 answers them.</summary>
public sealed class UpgradePolicyTests
{
    private static readonly UpgradePolicy s_policy = new("websocket", "echo/2");

    [Theory]
    [InlineData("Upgrade: websocket\r\nConnection: upgrade\r\n", true)]
    [InlineData("Upgrade: WEBSOCKET\r\nConnection: keep-alive, Upgrade\r\n", true)]
    [InlineData("Upgrade: h2c , websocket\r\nConnection: upgrade\r\n", true)]
    [InlineData("Upgrade: h2c\r\nUpgrade: echo/2\r\nConnection: upgrade\r\n", true)]
    [InlineData("Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n", true)]
    [InlineData("Upgrade: websocket\r\n", false)]
    [InlineData("Upgrade:\r\nConnection: upgrade\r\n", false)]
    [InlineData("Upgrade: h2c\r\nConnection: upgrade\r\n", false)]
    [InlineData("Upgrade: echo\r\nConnection: upgrade\r\n", false)]
    [InlineData("Upgrade: websocket/13\r\nConnection: upgrade\r\n", false)]
    [InlineData("Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 1\r\n", false)]
    [InlineData("Upgrade: websocket\r\nConnection: upgrade\r\nTransfer-Encoding: chunked\r\n", false)]
    public void A_request_asks_by_name(string fields, bool expected)
    {
        var head = Heads.Request($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n", out var bytes);
        Assert.Equal(expected, s_policy.IsAsked(head, bytes));
        Assert.False(UpgradePolicy.None.IsAsked(head, bytes));
    }

    [Fact]
    public void Http_1_0_asks_for_nothing()
    {
        var head = Heads.Request("GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", out var bytes);
        Assert.False(s_policy.IsAsked(head, bytes));
    }

    [Theory]
    [InlineData("Upgrade: websocket\r\n", true)]
    [InlineData("Upgrade: WebSocket\r\nConnection: Upgrade\r\n", true)]
    [InlineData("Upgrade: websocket, echo/2\r\n", true)]
    [InlineData("", false)]
    [InlineData("Upgrade: \r\n", false)]
    [InlineData("Upgrade: h2c\r\n", false)]
    [InlineData("Upgrade: websocket, h2c\r\n", false)]
    [InlineData("Upgrade: websocket\r\nUpgrade: other\r\n", false)]
    public void An_answer_names_what_was_asked_for(string fields, bool expected)
    {
        const string asked = "Upgrade: websocket, h2c, echo/2\r\nConnection: upgrade\r\n";
        var request = Heads.Request($"GET / HTTP/1.1\r\nHost: a\r\n{asked}\r\n", out var bytes);
        var answer = Heads.Response($"HTTP/1.1 101 Yes\r\n{fields}\r\n", out var answerBytes);
        Assert.Equal(expected, s_policy.IsAnswer(request, bytes, answer, answerBytes));
    }

    [Fact]
    public void What_is_allowed_but_was_not_asked_for_is_no_answer()
    {
        const string asked = "Upgrade: websocket\r\nConnection: upgrade\r\n";
        var request = Heads.Request($"GET / HTTP/1.1\r\nHost: a\r\n{asked}\r\n", out var bytes);
        var answer = Heads.Response("HTTP/1.1 101 Yes\r\nUpgrade: echo/2\r\n\r\n", out var answerBytes);
        Assert.False(s_policy.IsAnswer(request, bytes, answer, answerBytes));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(1000, false)]
    public void An_answer_names_no_more_protocols_than_may_be_asked_for(int count, bool expected)
    {
        const string asked = "Upgrade: websocket\r\nConnection: upgrade\r\n";
        var request = Heads.Request($"GET / HTTP/1.1\r\nHost: a\r\n{asked}\r\n", out var bytes);
        var granted = string.Join(',', Enumerable.Repeat("websocket", count));
        var answer = Heads.Response($"HTTP/1.1 101 Yes\r\nUpgrade: {granted}\r\n\r\n", out var answerBytes);
        Assert.Equal(expected, s_policy.IsAnswer(request, bytes, answer, answerBytes));
    }
}
