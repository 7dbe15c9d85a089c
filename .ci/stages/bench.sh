# The benchmarks build and run, and everyone answers 2xx in them. What they measure is not judged: nothing timed is a test.
# Not all scenarios: one of each family.

bench() {
  local ok=0 bad=0
  trap 'rm -f bench/results/*-ci.{txt,json,html}' EXIT
  if dotnet build -c Release bench/micro; then ok=$((ok + 1)); else bad=$((bad + 1)); fi
  if bench/run --quick --binary artifacts/ci/aot/tailrace --name ci --minutes 9 \
    --only small,static,routes,large,close,pipeline,idle,start,syscalls,tcp,udp,websocket; then
    ok=$((ok + 1))
  else
    bad=$((bad + 1))
  fi
  if bench/run --quick --slices 2 --binary artifacts/ci/aot/tailrace --name ci --only small; then
    ok=$((ok + 1))
  else
    bad=$((bad + 1))
  fi
  closing "$ok" "$bad"
}
