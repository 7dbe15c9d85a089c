# A short run of every fuzz target, from a new seed each time; a failing one prints the seed.

fuzz() {
  local target ok=0 bad=0 seed=$((RANDOM * 32768 + RANDOM))
  for target in request response chunked proxy hello first dns; do
    if dotnet run --no-build -c Release --project tests/Tailrace.Fuzz -- --target "$target" --seconds 8 --seed "$seed"; then
      ok=$((ok + 1))
    else
      bad=$((bad + 1))
    fi
  done
  closing "$ok" "$bad"
}
