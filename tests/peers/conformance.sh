# The raw HTTP/1.1 suites, which play both the client and the origin, beside each other on two proxies.

conformance() {
  local suite front back pids=() i
  local suites=(h1_requests h1_responses)
  for suite in "${suites[@]}"; do
    front=$(free_port) back=$(free_port)
    serve "$suite-proxy" "$binary" proxy --listen "127.0.0.1:$front" --to "http://127.0.0.1:$back" \
      --workers 1 --engine "$engine"
    await "$front" || true
    check "$suite: the $engine loop runs" logs "$suite-proxy" "engine.*\\b$engine\\b"
    timeout 300 python3 "$root/tests/Tailrace.Conformance/suites/$suite.py" "127.0.0.1:$front" \
      --backend "127.0.0.1:$back" >"$scratch/$suite.log" 2>&1 </dev/null &
    pids+=($!)
    started+=($!)
  done
  for i in "${!suites[@]}"; do
    wait "${pids[i]}" || true
    grep -vE '^$' "$scratch/${suites[i]}.log" || true
    add "$scratch/${suites[i]}.log"
  done
}
