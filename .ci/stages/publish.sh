# The command as it is shipped: JIT, and compiled ahead of time without one warning.

publish() {
  local ok=0 bad=0 log rid=linux-x64
  [[ $(uname -m) == x86_64 ]] || rid=linux-arm64
  log=$(mktemp)
  rm -rf artifacts/ci
  if dotnet publish src/Tailrace.Cli -c Release -o artifacts/ci/jit && artifacts/ci/jit/tailrace --version; then
    ok=$((ok + 1))
  else
    bad=$((bad + 1))
  fi
  if dotnet publish src/Tailrace.Cli -c Release -p:TailraceAot=true -r "$rid" -o artifacts/ci/aot 2>&1 | tee "$log" &&
    artifacts/ci/aot/tailrace --version; then
    ok=$((ok + 1))
  else
    bad=$((bad + 1))
  fi
  if grep -E 'warning( [A-Z]+[0-9]+)?:' "$log"; then bad=$((bad + 1)); else ok=$((ok + 1)); fi
  rm -f "$log"
  closing "$ok" "$bad"
}
