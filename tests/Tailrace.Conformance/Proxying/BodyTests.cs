using System.Globalization;
using System.Net;
using System.Text;
using Tailrace.Config;
using Tailrace.Conformance.Support;

namespace Tailrace.Conformance.Proxying;

/// <summary>Bodies of every size and framing, both ways, byte for byte, by a real HTTP client.</summary>
public sealed class BodyTests
{
    /// <summary>Engine, whether requests are chunked, and how answers are framed.</summary>
    public static TheoryData<EngineChoice, bool, string> Framings =>
        [.. from engine in Scenario.Loops
            from chunked in new[] { false, true }
            from answer in new[] { "length", "chunked", "close" }
            select (engine, chunked, answer)];

    [Theory, MemberData(nameof(Framings))]
    public void What_is_posted_comes_back(EngineChoice engine, bool isChunked, string answer) =>
        Scenario.Run(engine, scenario =>
        {
            var origin = scenario.AddOrigin(wire => Echo(wire, answer));
            using var http = new HttpClient();
            foreach (var size in Payload.Sizes.Append(isChunked == (answer == "chunked") ? Payload.Large : 2))
            {
                var sent = Payload.Of(size);
                var method = size % 2 == 0 ? HttpMethod.Post : HttpMethod.Put;
                using var request = new HttpRequestMessage(method, Uri(scenario));
                request.Content = new ByteArrayContent(sent);
                request.Headers.TransferEncodingChunked = isChunked;
                using var response = http.Send(request);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                Assert.Equal(answer != "length", response.Headers.TransferEncodingChunked == true);
                Payload.Same(sent, Read(response));
            }
            Assert.Equal(answer == "close" ? Payload.Sizes.Length + 1 : 1, origin.Accepts);
            Assert.Equal(1, scenario.Counters.Accepted);
        });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Answers_of_every_size_to_GET_and_HEAD(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(Sized);
        using var http = new HttpClient();
        foreach (var size in Payload.Sizes)
        {
            using var head = new HttpRequestMessage(HttpMethod.Head, Uri(scenario, size));
            using var bare = http.Send(head);
            Assert.Equal(size, bare.Content.Headers.ContentLength);
            Assert.Empty(Read(bare));
            using var get = new HttpRequestMessage(HttpMethod.Get, Uri(scenario, size));
            using var full = http.Send(get);
            Payload.Same(Payload.Of(size), Read(full));
        }
        Assert.Equal(1, scenario.Counters.Accepted);
        Assert.Equal(1, scenario.Counters.UpstreamConnects);
    });

    // How long a client is given for its next piece does not depend on how much has come, or how fast.
    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void A_client_may_pause_behind_what_came_at_once(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.AddOrigin(wire => Echo(wire, "length"));
        // Where what comes at once fills the buffers of a loop, it receives in another way.
        foreach (var atOnce in new[] { 100, 3000, 4096, 8192, 16_384, 65_536, 70_000 })
        {
            var sent = Payload.Of(atOnce + 1000);
            var client = scenario.Connect();
            var head = Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {sent.Length}\r\n\r\n");
            var first = atOnce - head.Length;
            client.Send([.. head, .. sent.AsSpan(0, first)]);
            Thread.Sleep(300);
            client.Send(sent.AsSpan(first));
            var answer = client.ReadAnswer();
            Assert.Equal(200, answer.Status);
            Payload.Same(sent, answer.Body);
        }
    });

    [Theory, MemberData(nameof(Scenario.Engines), MemberType = typeof(Scenario))]
    public void Several_clients_at_once_do_not_mix(EngineChoice engine) => Scenario.Run(engine, scenario =>
    {
        scenario.Options = scenario.Options with { Workers = 2 };
        scenario.AddOrigin(wire => Echo(wire, "length"));
        var uri = Uri(scenario);
        Crowd.Run(8, client =>
        {
            using var http = new HttpClient();
            for (var i = 0; i < 20; i++)
            {
                var sent = Payload.Of(1 + (i * 7919 + client * 104729) % 200_000, client + 2);
                using var request = new HttpRequestMessage(HttpMethod.Post, uri);
                request.Content = new ByteArrayContent(sent);
                using var response = http.Send(request);
                Payload.Same(sent, Read(response));
            }
        });
        // The last bytes of an answer arrive before it is counted.
        Wait.Until(() => scenario.Counters.Answered2xx == 160, "answers are not counted");
    });

    private static void Echo(Wire wire, string framing)
    {
        while (wire.HasMore())
        {
            var body = wire.ReadRequest().Body;
            switch (framing)
            {
                case "length":
                    wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n");
                    wire.Send(body);
                    break;
                case "close":
                    wire.Send("HTTP/1.1 200 OK\r\n\r\n");
                    wire.Send(body);
                    return;
                default:
                    wire.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                    // Chunks of many sizes, so that their edges fall everywhere in the buffers.
                    for (int at = 0, size = 1; at < body.Length; at += size, size = size * 3 % 100_003)
                        wire.SendChunk(body.AsSpan(at, Math.Min(size, body.Length - at)));
                    wire.Send("0\r\n\r\n");
                    break;
            }
        }
    }

    private static void Sized(Wire wire)
    {
        while (wire.HasMore())
        {
            var request = wire.ReadRequest();
            var body = Payload.Of(int.Parse(request.Target[1..], CultureInfo.InvariantCulture));
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n");
            if (request.Method == "GET") wire.Send(body);
        }
    }

    private static Uri Uri(Scenario scenario, int size = 0) => new($"http://{scenario.Address}/{size}");

    private static byte[] Read(HttpResponseMessage response)
    {
        using var all = new MemoryStream();
        response.Content.CopyTo(all, null, CancellationToken.None);
        return all.ToArray();
    }
}
