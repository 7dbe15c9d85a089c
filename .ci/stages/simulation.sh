# The simulated network with fixed seeds, which have found something before or might, and with new ones.

simulation() {
  local ok=0 bad=0 seed
  for seed in 1 $((RANDOM * 32768 + RANDOM)); do
    if dotnet run --no-build -c Release --project tests/Tailrace.Simulation -- --seed "$seed" --runs 300; then
      ok=$((ok + 1))
    else
      bad=$((bad + 1))
    fi
  done
  closing "$ok" "$bad"
}
