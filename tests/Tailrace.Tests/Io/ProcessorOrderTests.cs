using Tailrace.Io;
using Tailrace.Native;

namespace Tailrace.Tests.Io;

/// <summary>Which processor a pinned worker gets.</summary>
public sealed class ProcessorOrderTests : IDisposable
{
    private readonly string _system = Directory.CreateTempSubdirectory("tailrace-").FullName;

    [Fact]
    public void Node_after_node_and_core_after_core()
    {
        Write("node/online", "0-1\n");
        Write("node/node0/cpulist", "0-1,4-5\n");
        Write("node/node1/cpulist", "2-3,6-7\n");
        for (var i = 0; i < 8; i++) Write($"cpu/cpu{i}/topology/thread_siblings_list", $"{i % 4},{i % 4 + 4}\n");
        Assert.Equal([0, 1, 4, 5, 2, 3, 6, 7], ProcessorOrder.Of([0, 1, 2, 3, 4, 5, 6, 7], _system));
        Assert.Equal([5, 2, 3, 7], ProcessorOrder.Of([7, 5, 3, 2], _system));
    }

    [Fact]
    public void Nodes_may_have_gaps_in_their_numbers()
    {
        Write("node/online", "1,8\n");
        Write("node/node1/cpulist", "1,3\n");
        Write("node/node8/cpulist", "0,2\n");
        Assert.Equal([1, 3, 0, 2], ProcessorOrder.Of([0, 1, 2, 3], _system));
    }

    [Fact]
    public void By_number_where_nothing_is_known() =>
        Assert.Equal([1, 2, 9], ProcessorOrder.Of([9, 2, 1], Path.Combine(_system, "none")));

    [Theory]
    [InlineData("0-3,8,10-11\n", new[] { 0, 1, 2, 3, 8, 10, 11 })]
    [InlineData("5", new[] { 5 })]
    [InlineData("", new int[0])]
    [InlineData("x-y,3,-", new[] { 3 })]
    public void Lists_are_read_as_the_kernel_writes_them(string list, int[] expected) =>
        Assert.Equal(expected, ProcessorOrder.Parse(list));

    [Fact]
    public void None_is_lost_on_this_machine()
    {
        // A quota of processor time takes none away.
        int[] all = OperatingSystem.IsLinux() ? [.. Affinity.Read()] : [.. Enumerable.Range(0, Environment.ProcessorCount)];
        Assert.Equal(all, Loops.Processors().Order());
    }

    [Fact]
    public void A_processor_that_is_not_there_is_refused_and_no_other_is_taken()
    {
        if (!OperatingSystem.IsLinux()) return;
        foreach (var number in new[] { 7168, 8192 })
        {
            var (outcome, before, after) = (0, new List<int>(), new List<int>());
            var thread = new Thread(() =>
            {
                before = Affinity.Read();
                outcome = Affinity.Pin(number);
                after = Affinity.Read();
            });
            thread.Start();
            thread.Join();
            Assert.Equal(Errno.Invalid, outcome);
            Assert.Equal(before, after);
        }
    }

    public void Dispose() => Directory.Delete(_system, recursive: true);

    private void Write(string path, string text)
    {
        var file = Path.Combine(_system, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
