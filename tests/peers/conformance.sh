# The raw HTTP/1.1 and TCP suites, which play both the client and the origin, beside each other on a proxy each.

conformance() {
  local suite front back more pids=() i
  local suites=(h1_requests h1_responses tcp_proxy)
  for suite in "${suites[@]}"; do
    front=$(free_port) back=$(free_port) more=()
    if [[ $suite == tcp_proxy ]]; then
      serve "$suite-proxy" "$binary" tcp -l 127.0.0.1 -p "$front" -b 127.0.0.1 -P "$back" --workers 1 --engine "$engine"
      more=(--pid "$pid")
    else
      serve "$suite-proxy" "$binary" proxy --listen "127.0.0.1:$front" --to "http://127.0.0.1:$back" \
        --workers 1 --engine "$engine"
    fi
    await "$front" || true
    check "$suite: the $engine loop runs" logs "$suite-proxy" "engine.*\\b$engine\\b"
    timeout 300 python3 "$root/tests/Tailrace.Conformance/suites/$suite.py" "127.0.0.1:$front" \
      --backend "127.0.0.1:$back" "${more[@]}" >"$scratch/$suite.log" 2>&1 </dev/null &
    pids+=($!)
    started+=($!)
  done
  for i in "${!suites[@]}"; do
    wait "${pids[i]}" || true
    grep -vE '^$' "$scratch/${suites[i]}.log" || true
    add "$scratch/${suites[i]}.log"
  done
}
