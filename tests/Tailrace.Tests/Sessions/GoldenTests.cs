using Tailrace.Config;
using Tailrace.Tests.Config;

namespace Tailrace.Tests.Sessions;

/// <summary>Every transcript of Golden/, whole and split at every byte: the wire is the same.</summary>
public sealed class GoldenTests
{
    private static readonly string s_folder =
        Path.Combine(TestFiles.Root, "tests", "Tailrace.Tests", "Sessions", "Golden");

    public static TheoryData<string> Names =>
        [.. Directory.EnumerateFiles(s_folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)).Order()];

    [Theory, MemberData(nameof(Names))]
    public void It_is_said_as_written(string name)
    {
        var transcript = Load(name, out var options);
        TranscriptRun.Play(transcript, options, _ => false);
    }

    [Theory, MemberData(nameof(Names))]
    public void Splitting_changes_nothing(string name)
    {
        var transcript = Load(name, out var options);
        var length = transcript.Steps.Where(step => step.IsSend).Sum(step => step.Text.Length);
        TranscriptRun.Play(transcript, options, _ => true);
        for (var offset = 1; offset < length; offset++)
        {
            try
            {
                TranscriptRun.Play(transcript, options, index => index == offset);
            }
            catch (Exception e)
            {
                Assert.Fail($"{name} split before byte {offset}: {e}");
            }
        }
    }

    [Fact]
    public void There_are_enough() => Assert.True(Names.Count >= 100);

    private static Transcript Load(string name, out TailraceOptions options)
    {
        var transcript = Transcript.Parse(name, File.ReadAllText(Path.Combine(s_folder, name + ".txt")));
        options = TranscriptRun.Configure(transcript);
        return transcript;
    }
}
