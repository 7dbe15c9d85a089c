# A minute of origins at their worst, for requests and for streams, from a new seed; a failing one is printed.

chaos() {
  local engine protocol ok=0 bad=0 seed=$RANDOM
  for engine in epoll io_uring portable; do
    for protocol in http tcp; do
      if dotnet run --no-build -c Release --project tests/Tailrace.Chaos -- \
        --protocol "$protocol" --engine "$engine" --seconds 10 --seed "$seed"; then
        ok=$((ok + 1))
      else
        bad=$((bad + 1))
      fi
    done
  done
  closing "$ok" "$bad"
}
