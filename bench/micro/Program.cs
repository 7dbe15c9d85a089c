using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(Tailrace.Bench.HeadBenchmarks).Assembly).Run(args);
