# A minute of origins at their worst, from a new seed; a failing one is printed.

chaos() {
  local engine ok=0 bad=0 seed=$RANDOM
  for engine in epoll io_uring portable; do
    if dotnet run --no-build -c Release --project tests/Tailrace.Chaos -- --engine "$engine" --seconds 20 --seed "$seed"; then
      ok=$((ok + 1))
    else
      bad=$((bad + 1))
    fi
  done
  closing "$ok" "$bad"
}
