using System.Text;
using Tailrace.Telemetry;

namespace Tailrace.Tests.Telemetry;

/// <summary>The text that Prometheus reads: its form, what is escaped, and that it has a limit.</summary>
public sealed class MetricsWriterTests
{
    private static readonly Metric<(long A, long B)>[] s_metrics =
    [
        new("a", "answers", "Answers.", c => c.A) { Label = ("code", "2xx") },
        new("b", "answers", "Answers.", c => c.B) { Label = ("code", "3xx") },
        new("open", "open", "Open now.", c => c.A - c.B) { IsGauge = true },
    ];

    [Fact]
    public void Families_stand_together_with_help_and_type() => Assert.Equal(
        """
        # HELP tailrace_x_answers_total Answers.
        # TYPE tailrace_x_answers_total counter
        tailrace_x_answers_total{worker="0",code="2xx"} 3
        tailrace_x_answers_total{worker="1",code="2xx"} 9007199254740991
        tailrace_x_answers_total{worker="0",code="3xx"} 1
        tailrace_x_answers_total{worker="1",code="3xx"} 0
        # HELP tailrace_x_open Open now.
        # TYPE tailrace_x_open gauge
        tailrace_x_open{worker="0"} 2
        tailrace_x_open{worker="1"} 9007199254740991
        # HELP process_cpu_seconds_total Time.
        # TYPE process_cpu_seconds_total counter
        process_cpu_seconds_total 0.25
        # HELP tailrace_metrics_left_out Families of metrics that are left out, for they are too long.
        # TYPE tailrace_metrics_left_out gauge
        tailrace_metrics_left_out 0

        """,
        Write(writer =>
        {
            writer.Write(
                s_metrics, "x_", [new((3, 1), ("worker", "0")), new((9007199254740991, 0), ("worker", "1"))]);
            writer.Write("process_cpu_seconds_total", "Time.", false, 0.25);
        }));

    [Fact]
    public void Nothing_is_written_of_no_rows() =>
        Assert.DoesNotContain("answers", Write(writer => writer.Write(s_metrics, "", [])));

    [Fact]
    public void Labels_and_help_are_escaped()
    {
        var text = Write(writer => writer.Write("a", "a \"b\"\\\nc", true, 1, ("n", "a \"b\"\\\nc é")));
        Assert.Contains("# HELP a a \"b\"\\\\\\nc\n", text);
        Assert.Contains("a{n=\"a \\\"b\\\"\\\\\\nc é\"} 1\n", text);
    }

    [Fact]
    public void A_family_that_is_too_long_is_left_out_and_counted()
    {
        var text = Write(
            writer =>
            {
                writer.Write("a", "Fits.", true, 1);
                writer.Begin("b", "Does not.", true);
                for (var i = 0; i < 100_000; i++) writer.Sample(i, ("n", $"{i}"));
                writer.End();
                writer.Write("c", "Fits again.", true, 3);
            },
            lengthMax: 1000);
        Assert.InRange(text.Length, 1, 1200);
        var read = PrometheusText.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Equal(["a", "c", "tailrace_metrics_left_out"], read.Samples.Keys);
        Assert.Equal(1, read["tailrace_metrics_left_out"]);
    }

    private static string Write(Action<MetricsWriter> write, int lengthMax = 1 << 20)
    {
        var writer = new MetricsWriter(lengthMax);
        write(writer);
        var text = writer.ToArray();
        PrometheusText.Parse(text);
        return Encoding.UTF8.GetString(text);
    }
}
