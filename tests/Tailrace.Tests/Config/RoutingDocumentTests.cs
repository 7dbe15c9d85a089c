using Tailrace.Config;

namespace Tailrace.Tests.Config;

/// <summary>The blocks of docs/routing.md are configurations.</summary>
public sealed class RoutingDocumentTests
{
    [Fact]
    public void Every_block_is_valid_with_the_rest_that_the_page_gives()
    {
        string[] blocks = [.. TestFiles.Read("docs", "routing.md").Split("```yaml\n").Skip(1).Select(b => b.Split("```")[0])];
        string rest = blocks[0];
        Assert.StartsWith("listeners:", rest);
        foreach (string block in blocks.Skip(1))
        {
            ConfigResult result = Yaml.Read(rest + block);
            Assert.True(result.Errors.Count == 0, $"{string.Join('\n', result.Errors)}\n{block}");
        }
        Assert.True(blocks.Length > 1, "the blocks are gone");
    }
}
