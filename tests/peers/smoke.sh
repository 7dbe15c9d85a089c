# The command as a user meets it: help, mistakes, the echo origin, a proxy, the demo, stopping.

smoke() {
  smoke_words
  smoke_mistakes
  smoke_echo
  smoke_proxy
  smoke_demo
  smoke_stopping
}

# answers CODE PATTERN ARGUMENTS...: tailrace ends with that code and says that, without a stack trace.
answers() {
  local wanted=$1 pattern=$2 output code=0
  shift 2
  output=$(timeout 20 "$binary" "$@" 2>&1 </dev/null) || code=$?
  same "exit code $code" "exit code $wanted" && has "$output" "$pattern" || return 1
  if grep -qE '^ +at [A-Z]' <<<"$output"; then
    printf 'a stack trace:\n%s\n' "$output"
    return 1
  fi
}

smoke_words() {
  check "--version says a version" answers 0 '[0-9]+\.[0-9]+\.[0-9]+' --version
  local command
  for command in run check proxy tcp echo demo; do
    check "--help knows $command" answers 0 "\\b$command\\b" --help
    check "$command --help" answers 0 "\\b$command\\b" "$command" --help
  done
}

smoke_mistakes() {
  local taken=$(free_port) holder
  check "a mistyped command gets a suggestion" answers 2 proxy prxy
  check "a mistyped option gets a suggestion" answers 2 --listen proxy --lissten 127.0.0.1:1 --to http://127.0.0.1:2
  check "a missing option is wrong usage" answers 2 --to proxy --listen 127.0.0.1:1
  check "an unknown engine is wrong usage" answers 2 epoll echo --engine steam
  check "a missing file is named" answers 1 no-such-file.yaml run "$scratch/no-such-file.yaml"
  check "a folder is no file" answers 1 "$scratch" run "$scratch"
  printf 'listeners:\n  - adress: ":8080"\n' >"$scratch/wrong.yaml"
  check "a mistake in a file has line and column" answers 1 'wrong\.yaml:2:5: .*address' check "$scratch/wrong.yaml"
  check "the example file is valid" answers 0 . check "$root/tailrace.example.yaml"

  serve holder "$binary" echo --listen "127.0.0.1:$taken"
  holder=$pid
  check "the holder of a port listens" await "$taken"
  check "a busy port is named" answers 1 "127\\.0\\.0\\.1:$taken" echo --listen "127.0.0.1:$taken"
  stop "$holder" || true
}

smoke_echo() {
  local port=$(free_port) url
  url=http://127.0.0.1:$port
  serve echo "$binary" echo --listen "127.0.0.1:$port"
  await "$port" || true
  check "echo: /" get "$url/"
  check "echo: /echo says what it received" eval "has \"\$(get -X PUT -d abc '$url/echo?x=1')\" 'PUT'"
  check "echo: /size/100000" eval "same \"\$(get '$url/size/100000' | wc -c)\" 100000"
  check "echo: /status/404" eval "same \"\$(status '$url/status/404')\" 404"
  check "echo: /status/503" eval "same \"\$(status '$url/status/503')\" 503"
  check "echo: /delay/100" get "$url/delay/100"
  check "echo: HEAD has no body" ends_behind_head "$port"
  check "echo: bytes that are no HTTP get 400" eval "has \"\$(printf 'nonsense\r\n\r\n' | raw $port)\" '^HTTP/1.1 400'"
  stop "$pid" || true
}

# ends_behind_head PORT: the answer to HEAD is a 200 whose last bytes are the empty line.
ends_behind_head() {
  local answer
  answer=$(printf 'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | raw "$1"; echo end)
  printf '%s\n' "$answer"
  [[ $answer == 'HTTP/1.1 200 '*$'\r\n\r\nend' ]]
}

# raw PORT: sends standard input, prints the answer.
raw() { timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1; cat >&3; cat <&3"; }

smoke_proxy() {
  local origin=$(free_port) port=$(free_port) dead=$(free_port) url origin_pid
  url=http://127.0.0.1:$port
  serve origin "$binary" echo --listen "127.0.0.1:$origin"
  origin_pid=$pid
  serve proxy "$binary" proxy --listen "127.0.0.1:$port" --to "http://127.0.0.1:$origin" --engine "$engine"
  await "$origin" && await "$port" || true
  check "proxy: says which engine runs" runs_on proxy "$engine"
  check "proxy: GET" get "$url/"
  check "proxy: POST" eval "has \"\$(get -d hello '$url/echo')\" POST"
  check "proxy: a large upload" eval "head -c 5000000 /dev/zero | get --data-binary @- '$url/echo' | grep -q 5000000"
  check "proxy: a chunked upload" eval "head -c 300000 /dev/zero |
    get -H 'Transfer-Encoding: chunked' --data-binary @- '$url/echo' | grep -q 300000"
  check "proxy: 1 MB down" eval "same \"\$(get '$url/size/1000000' | wc -c)\" 1000000"
  check "proxy: an HTTP/1.0 client" get --http1.0 "$url/"
  check "proxy: one connection, many requests" eval "same \
    \"\$(get -w '%{num_connects}\n' -o /dev/null -o /dev/null -o /dev/null '$url/' '$url/' '$url/' | tr -d '\n')\" 100"
  check "proxy: status passes" eval "same \"\$(status '$url/status/418')\" 418"
  check "proxy: the client is named" eval "has \"\$(get '$url/echo')\" '[Xx]-[Ff]orwarded-[Ff]or'"
  stop "$origin_pid" || true
  check "proxy: 502 when the origin is gone" eval "same \"\$(status '$url/')\" 502"
  stop "$pid" || true

  serve dead "$binary" proxy --listen "127.0.0.1:$port" --to "http://127.0.0.1:$dead" --engine "$engine"
  await "$port" || true
  check "proxy: 502 when there never was an origin" eval "same \"\$(status '$url/')\" 502"
  stop "$pid" || true
}

smoke_demo() {
  local port=$(free_port) path
  serve demo "$binary" demo --listen "127.0.0.1:$port"
  await "$port" || true
  for path in / /hello /proxy; do
    check "demo: $path" get "http://127.0.0.1:$port$path"
  done
  check "demo: / says the engine" eval "has \"\$(get 'http://127.0.0.1:$port/')\" '[Ee]ngine'"
  stop "$pid" || true
}

smoke_stopping() {
  local signal port in_flight code server
  for signal in TERM INT; do
    port=$(free_port)
    # Background jobs of a script ignore SIGINT from birth; this gives it back.
    serve "stop-$signal" python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$binary" echo --listen "127.0.0.1:$port"
    server=$pid
    await "$port" || true
    get --verbose "http://127.0.0.1:$port/delay/1000" >"$scratch/in-flight" 2>&1 &
    in_flight=$!
    until grep -q '^> GET' "$scratch/in-flight" || ! kill -0 "$in_flight" 2>/dev/null; do sleep 0.1; done
    kill -"$signal" "$server" 2>/dev/null || true
    check "SIG$signal: the request in flight is answered" wait "$in_flight"
    code=0
    ended "$server" || code=$?
    check "SIG$signal: ends with code 0" same "$code" 0
    check "SIG$signal: prints statistics" logs "stop-$signal" requests
  done
  check "SIGTERM: as good as soon as the port is open" stops_early
}

# stops_early: of thirty servers that are told to stop with their first connection, each ends with code 0.
stops_early() {
  local i port=$(free_port)
  for ((i = 0; i < 30; i++)); do
    serve early "$binary" echo --listen "127.0.0.1:$port"
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || ! kill -0 "$pid" 2>/dev/null; do :; done
    kill -TERM "$pid" 2>/dev/null || true
    ended "$pid" || { echo "run $i ended with code $?"; return 1; }
  done
}

# ended PID: waits a bounded time for a server that was told to stop. Its exit code is the result.
ended() {
  local i
  for ((i = 0; i < 100; i++)); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null && return 99
  wait "$1"
}
