# The raw suites of HTTP/1.1, TCP and the PROXY protocol, which play both the client and the origin, beside each other on
# a proxy each.

conformance() {
  local name front back sends pids=() names=()
  for name in h1_requests h1_responses; do
    front=$(free_port) back=$(free_port)
    serve "$name-proxy" "$binary" proxy --listen "127.0.0.1:$front" --to "http://127.0.0.1:$back" \
      --workers 1 --engine "$engine"
    runs "$name" "$front"
    suite "$name" "$name" "127.0.0.1:$front" --backend "127.0.0.1:$back"
  done

  front=$(free_port) back=$(free_port)
  serve tcp_proxy-proxy "$binary" tcp -l 127.0.0.1 -p "$front" -b 127.0.0.1 -P "$back" --workers 1 --engine "$engine"
  runs tcp_proxy "$front"
  suite tcp_proxy tcp_proxy "127.0.0.1:$front" --backend "127.0.0.1:$back" --pid "$pid"

  front=$(free_port) back=$(free_port)
  config <<YAML >"$scratch/accepts.yaml"
    proxy_protocol: { accept: required }
routes:
  - cluster: app
clusters:
  app: { destinations: ["127.0.0.1:$back"] }
YAML
  serve accepts-proxy "$binary" run "$scratch/accepts.yaml"
  runs accepts "$front"
  suite accepts proxy_protocol "127.0.0.1:$front" --backend "127.0.0.1:$back"

  for sends in v1 v2; do
    front=$(free_port) back=$(free_port)
    config <<YAML >"$scratch/$sends.yaml"
    protocol: tcp
    cluster: app
clusters:
  app: { destinations: ["127.0.0.1:$back"], proxy_protocol: $sends }
YAML
    serve "$sends-proxy" "$binary" run "$scratch/$sends.yaml"
    runs "$sends" "$front"
    suite "$sends" proxy_protocol "127.0.0.1:$front" --sends "$sends" --backend "127.0.0.1:$back"
  done

  local i
  for i in "${!pids[@]}"; do
    wait "${pids[i]}" || true
    grep -vE '^$' "$scratch/${names[i]}.log" || true
    add "$scratch/${names[i]}.log"
  done
}

# config: the beginning of a configuration with one listener on $front, then standard input.
config() {
  printf 'workers: 1\nengine: %s\nlisteners:\n  - address: 127.0.0.1:%s\n' "$engine" "$front"
  cat
}

# runs NAME PORT: the proxy of that name listens, on the loop that was asked for.
runs() {
  await "$2" || true
  check "$1: the $engine loop runs" runs_on "$1-proxy" "$engine"
}

# suite NAME PROGRAM ARGUMENTS...: starts a suite in the background.
suite() {
  local name=$1 program=$2
  shift 2
  timeout 300 python3 "$root/tests/Tailrace.Conformance/suites/$program.py" "$@" >"$scratch/$name.log" 2>&1 </dev/null &
  pids+=($!)
  names+=("$name")
  started+=($!)
}
