# The same bytes for us, Kestrel and Node, compared in meaning: a short run from a new seed; a failing one prints the input.

differential() {
  local seed=$((RANDOM * 32768 + RANDOM))
  if dotnet run --no-build -c Release --project tests/Tailrace.Differential -- --seconds 20 --seed "$seed"; then
    closing 1 0
  else
    closing 0 1
  fi
}
