using System.Text;
using Tailrace.Config;
using Tailrace.Hosting;
using Tailrace.Http;
using Tailrace.Http.Rules;
using Tailrace.Memory;
using Tailrace.Sessions;

namespace Tailrace.Tests.Sessions;

/// <summary>Fields that routes set, add and remove, in requests and in answers that are forwarded.</summary>
public sealed class FieldEditWriterTests
{
    private static readonly string[] s_names =
        ["Accept", "accept", "Cookie", "X-Custom", "x-custom", "X-Other", "Server", "Via", "X-Forwarded-Proto", "X-Hop"];

    [Fact]
    public void Variables_are_what_the_exchange_has()
    {
        var options = new HeaderEditOptions
        {
            Set =
            [
                new("X-Client", "${client_ip}"), new("X-Host", "${host}"), new("X-Line", "${method} ${path}?${query}"),
                new("X-To", "<${upstream}>"), new("X-None", ""),
            ],
        };
        const string request = "PROPFIND /a%20b/../c?d=e?f HTTP/1.1\r\nHost: A.example:81\r\n\r\n";
        Assert.Equal(
            "PROPFIND /a%20b/../c?d=e?f HTTP/1.1\r\nHost: A.example:81\r\nX-Client: 10.0.0.1\r\nX-Host: A.example:81\r\n"
            + "X-Line: PROPFIND /a%20b/../c?d=e?f\r\nX-To: <origin:81>\r\nX-None: \r\n\r\n",
            Request(request, options));
    }

    [Theory]
    [InlineData("X-Forwarded-For", ForwardedMode.Append), InlineData("X-Forwarded-Proto", ForwardedMode.Append)]
    [InlineData("X-Forwarded-Host", ForwardedMode.Append), InlineData("Forwarded", ForwardedMode.Append)]
    [InlineData("X-Forwarded-For", ForwardedMode.Set), InlineData("X-Forwarded-Proto", ForwardedMode.Set)]
    [InlineData("X-Forwarded-Host", ForwardedMode.Set), InlineData("Forwarded", ForwardedMode.Set)]
    [InlineData("Via", ForwardedMode.Append)]
    public void What_a_route_says_of_this_hop_is_said_instead_of_what_the_listener_would(string name, ForwardedMode mode)
    {
        var policy = mode == ForwardedMode.Set ? ForwardedPolicy.Set : ForwardedPolicy.Append;
        var edits = new RequestEdits { XForwarded = policy, Forwarded = policy, Via = true };
        var text = Request(
            $"GET / HTTP/1.1\r\nHost: h\r\n{name}: client\r\n\r\n", new() { Set = [new(name, "mine")] }, edits);
        Assert.Equal([$"{name}: mine"], text.Split("\r\n").Where(line => line.StartsWith(name + ":", StringComparison.Ordinal)));
        text = Request($"GET / HTTP/1.1\r\nHost: h\r\n{name}: client\r\n\r\n", new() { Remove = [name] }, edits);
        Assert.DoesNotContain($"\r\n{name}:", text);
    }

    [Fact]
    public void Editing_is_leaving_out_lines_and_adding_some()
    {
        var random = new Random(5);
        for (var round = 0; round < 3000; round++)
        {
            var lines = Enumerable.Range(0, random.Next(8)).Select(i => $"{Any()}: {i}").ToArray();
            var options = new HeaderEditOptions
            {
                Set = [.. Names().Select(name => new HeaderOptions(name, "set"))],
                Add = [.. Names().Select(name => new HeaderOptions(name, "added"))],
                Remove = [.. Names()],
            };
            var gone = options.Remove.Concat(options.Set.Select(h => h.Name)).ToHashSet(StringComparer.OrdinalIgnoreCase);
            string[] expected =
            [
                .. lines.Where(line => !gone.Contains(line.Split(':')[0])),
                .. options.Set.Concat(options.Add).Select(header => $"{header.Name}: {header.Value}"),
            ];
            var none = new RequestEdits { XForwarded = ForwardedPolicy.Off };
            Assert.Equal(
                $"GET / HTTP/1.1\r\nHost: h\r\n{Join(expected)}\r\n",
                Request($"GET / HTTP/1.1\r\nHost: h\r\n{Join(lines)}\r\n", options, none));
            Assert.Equal(
                $"HTTP/1.1 200 OK\r\nDate: d\r\n{Join(expected)}Content-Length: 5\r\n\r\n",
                Response($"HTTP/1.1 200 OK\r\nDate: d\r\n{Join(lines)}\r\n", options));
        }

        string Any() => s_names[random.Next(s_names.Length)];
        IEnumerable<string> Names() => s_names.Where(_ => random.Next(4) == 0);
        static string Join(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\r\n"));
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_nothing_is_written()
    {
        using var pools = new BufferPools(1024, 2048, 1 << 20);
        var output = new ByteBuffer(pools);
        var head = Heads.Request("GET / HTTP/1.1\r\nHost: h\r\n\r\n", out var bytes);
        var edits = new RequestEdits { Fields = FieldEditPlans.Build(new() { Add = [new("X", new string('x', 2048))] }) };
        Assert.False(H1RequestWriter.TryWrite(output, head, bytes, edits, "c"u8, "d"u8));
        Assert.True(output.IsEmpty);
    }

    private static string Request(string request, HeaderEditOptions options, RequestEdits? edits = null)
    {
        using var pools = new BufferPools(4096, 16384, 1 << 20);
        var output = new ByteBuffer(pools);
        var head = Heads.Request(request, out var bytes);
        edits ??= new RequestEdits { XForwarded = ForwardedPolicy.Off };
        edits = edits with { Fields = FieldEditPlans.Build(options) };
        Assert.True(H1RequestWriter.TryWrite(output, head, bytes, edits, "10.0.0.1"u8, "origin:81"u8));
        var text = Encoding.Latin1.GetString(output.Unread);
        output.Clear();
        return text;
    }

    private static string Response(string response, HeaderEditOptions options)
    {
        using var pools = new BufferPools(4096, 16384, 1 << 20);
        var output = new ByteBuffer(pools);
        var request = Heads.Request("GET / HTTP/1.1\r\nHost: h\r\n\r\n", out var requestBytes);
        var head = Heads.Response(response, out var bytes);
        var framing = new H1Framing(BodyKind.Length, 5, true, 1);
        var edits = new ResponseEdits { Fields = FieldEditPlans.Build(options) };
        var values = new ExchangeValues(request, requestBytes, "10.0.0.1"u8, "origin:81"u8);
        Assert.True(H1ResponseWriter.TryForward(output, head, bytes, framing, edits, default, default, values));
        var text = Encoding.Latin1.GetString(output.Unread);
        output.Clear();
        return text;
    }
}
