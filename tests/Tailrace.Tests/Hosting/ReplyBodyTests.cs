using Tailrace.Config;
using Tailrace.Hosting;

namespace Tailrace.Tests.Hosting;

public sealed class ReplyBodyTests
{
    [Fact]
    public void A_text_is_sent_as_UTF_8() =>
        Assert.Equal("\u00e9"u8.ToArray(), ReplyBody.Read(new RespondOptions { Body = "\u00e9" }));

    [Fact]
    public void A_file_is_sent_as_it_is()
    {
        var file = Path.GetTempFileName();
        File.WriteAllBytes(file, [0, 255, 13, 10]);
        Assert.Equal([0, 255, 13, 10], ReplyBody.Read(new RespondOptions { BodyFile = file }));
        File.WriteAllBytes(file, new byte[(1 << 20) + 1]);
        var failure = Assert.Throws<StartException>(() => ReplyBody.Read(new RespondOptions { BodyFile = file }));
        Assert.Equal($"body_file '{file}' has 1048577 bytes; 1 MiB is the most", failure.Message);
        File.Delete(file);
        failure = Assert.Throws<StartException>(() => ReplyBody.Read(new RespondOptions { BodyFile = file }));
        Assert.Equal($"body_file '{file}': there is no such file", failure.Message);
    }

    [Fact]
    public void A_file_that_is_missing_keeps_the_server_from_starting()
    {
        var options = new TailraceOptions
        {
            Listeners = [new ListenerOptions { Address = "127.0.0.1:0" }],
            Routes = [new RouteOptions { Respond = new RespondOptions { BodyFile = "/none/such" } }],
        };
        using var server = new Server(options);
        Assert.Contains("there is no such file", Assert.Throws<StartException>(server.Start).Message);
    }
}
