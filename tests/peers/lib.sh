# What the stages share: counting checks, starting and always stopping servers, free ports. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tailrace-peers-XXXXXX")
chmod 755 "$scratch"   # a server started by root may work as another user
PATH=$PATH:/usr/sbin:/sbin
passed=0 failed=0 started=()

# check NAME COMMAND...: runs the command quietly, in this shell; prints one line, and the output when it fails.
check() {
  local name=$1
  shift
  if "$@" >"$scratch/check.out" 2>&1 </dev/null; then
    passed=$((passed + 1))
    printf 'ok    %s\n' "$name"
  else
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$name"
    tail -n 25 "$scratch/check.out" | sed 's/^/      /'
  fi
}

# add LOG: adds the "N passed, N failed" that a program printed last; its absence is a failure.
add() {
  local line
  line=$(grep -oE '[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1 || true)
  if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+) ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
  else
    failed=$((failed + 1))
    tail -n 25 "$1"
  fi
}

# tally: the closing line of a stage; false when something failed or nothing was checked.
tally() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0 && passed > 0))
}

# serve NAME COMMAND...: starts a server in the background. Its pid is in $pid, its output in $scratch/NAME.log.
serve() {
  local name=$1
  shift
  "$@" >"$scratch/$name.log" 2>&1 </dev/null &
  pid=$!
  started+=("$pid")
}

# stop PID: ends a server that this stage started, and waits for it. Its exit code is the result.
stop() {
  local code=0 i
  kill -TERM "$1" 2>/dev/null || true
  for ((i = 0; i < 100; i++)); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || code=$?
  return "$code"
}

stop_all() {
  local one
  for one in "${started[@]}"; do
    if kill -0 "$one" 2>/dev/null; then stop "$one" || true; fi
  done
  rm -rf "$scratch"
}
trap stop_all EXIT
trap 'exit 1' INT TERM HUP

# free_port: a port below the ephemeral range on which nothing listens, and which this stage was not given before.
free_port() {
  python3 - "$scratch/ports" <<'PYTHON'
import random, socket, sys
with open(sys.argv[1], 'a+') as given:
    given.seek(0)
    taken = set(map(int, given))
    while True:
        port = random.randrange(20000, 30000)
        with socket.socket() as probe:
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
        if port not in taken:
            break
    print(port, file=given)
print(port)
PYTHON
}

# await PORT: waits until something listens there; when nothing does, shows what the servers said last.
await() {
  local i
  for ((i = 0; i < 150; i++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
    sleep 0.1
  done
  echo "nothing listens on port $1"
  tail -n 3 "$scratch"/*.log
  return 1
}

# logs NAME PATTERN: whether a server that was started under this name says so, soon (logs are written behind the work).
logs() {
  local i
  for ((i = 0; i < 50; i++)); do
    grep -qiE -- "$2" "$scratch/$1.log" && return 0
    sleep 0.1
  done
  has "$(cat "$scratch/$1.log")" "$2"
}

# runs_on NAME ENGINE: whether the server that was started under this name says that it runs on that loop.
runs_on() { logs "$1" "engine=$2\b"; }

# get URL [CURL-OPTIONS...]: the body, or failure when the answer is no 2xx.
get() { curl --silent --show-error --fail --max-time 15 --noproxy '*' "$@"; }

# status URL [CURL-OPTIONS...]: the status code alone.
status() { curl --silent --max-time 15 --noproxy '*' --output /dev/null --write-out '%{http_code}' "$@"; }

# same A B: whether the two are equal, saying both when not.
same() {
  [[ $1 == "$2" ]] || {
    printf 'got:    %s\nwanted: %s\n' "$1" "$2"
    return 1
  }
}

# has TEXT PATTERN: whether an extended regular expression occurs.
has() {
  grep -qE -- "$2" <<<"$1" || {
    printf 'no "%s" in:\n%s\n' "$2" "$1"
    return 1
  }
}
