# Real programs on both sides of forwarded connections: PostgreSQL, Redis, OpenSSL, curl, nginx and HAProxy; a server that
# speaks first; ten thousand transfers; and clients with addresses of their own, in network namespaces.

streams() {
  streams_transfers
  streams_postgres
  streams_redis
  streams_tls
  streams_mixed
  streams_announced
  streams_sources
  streams_scenarios
}

# forward NAME PORT DESTINATION...: `tailrace tcp` before destinations, on the loop that was asked for.
forward() {
  local name=$1 port=$2 backend options=()
  shift 2
  for backend in "$@"; do options+=(-b "$backend"); done
  serve "$name" "$binary" tcp -l 127.0.0.1 -p "$port" "${options[@]}" --engine "$engine"
  await "$port" || true
  check "$name: the $engine loop runs" runs_on "$name" "$engine"
}

# configured NAME [COMMAND...]: a proxy with the configuration on standard input behind what all have in common, run by
# COMMAND.
configured() {
  local name=$1
  shift
  { printf 'engine: %s\nworkers: 2\nshutdown: { grace: 1s }\n' "$engine"; cat; } >"$scratch/$name.yaml"
  serve "$name" "$@" "$binary" run "$scratch/$name.yaml"
}

peer() { python3 "$root/tests/peers/streams.py" "$@"; }

# ends NAME: a proxy that was asked to stop ends with code 0, and had no bug on the way.
ends() {
  stop "$1" && ! grep -q 'unhandled exception' "$scratch"/*.log
}

streams_transfers() {
  local front=$(free_port) back=$(free_port)
  forward transfers "$front" "127.0.0.1:$back"
  check "10,000 transfers of random sizes, some to slow readers, arrive whole" peer transfers "$front" "$back"
  check "transfers: the proxy says what it carried" eval "kill -USR1 $pid && logs transfers '^cluster backend +10000 '"
  check "transfers: the proxy ends well" ends "$pid"
}

streams_postgres() {
  local front=$(free_port) back=$(free_port) path=$scratch/postgres as=() sql
  PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
  mkdir -p "$path"
  if ((EUID == 0)); then
    chown postgres "$path"
    as=(runuser -u postgres --)
  fi
  check "PostgreSQL: its data are made" "${as[@]}" initdb -D "$path/data" -U tester -A trust -E UTF8 --no-sync
  serve postgres "${as[@]}" "$(command -v postgres)" -D "$path/data" -p "$back" -h 127.0.0.1 -k "$path" -F
  local server=$pid
  forward postgres-tcp "$front" "127.0.0.1:$back"
  await "$back" || true
  sql=(psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$front" -U tester postgres)
  check "PostgreSQL: a query" eval "same \"\$(${sql[*]} -c 'select 6 * 7')\" 42"
  "${sql[@]}" -c "copy (select i, md5(i::text), repeat('x', i % 500) from generate_series(1, 100000) i) to stdout" \
    >"$scratch/copied" || true
  check "PostgreSQL: 100,000 rows out" eval "same \"\$(wc -l <'$scratch/copied')\" 100000"
  check "PostgreSQL: and in, and the same out again" eval "${sql[*]} -c 'create table t (a int, b text, c text)' &&
    ${sql[*]} -c '\\copy t from $scratch/copied' && ${sql[*]} -c 'copy (select * from t order by a) to stdout' | cmp - '$scratch/copied'"
  check "PostgreSQL: a query is cancelled over a connection of its own" eval "
    has \"\$(timeout -s INT 2 ${sql[*]} -c 'select pg_sleep(60)' 2>&1)\" 'canceling statement'"
  check "PostgreSQL: the proxy ends well" ends "$pid"
  configured postgres-unix <<YAML
listeners: [{ address: "unix:$scratch/.s.PGSQL.5432", protocol: tcp, cluster: db }]
clusters: { db: { destinations: ["unix:$path/.s.PGSQL.$back"] } }
YAML
  check "PostgreSQL: Unix sockets on both sides" eval "logs postgres-unix started &&
    same \"\$(psql -X -A -t -h '$scratch' -U tester postgres -c 'select 6 * 7')\" 42"
  check "PostgreSQL: that proxy ends well" ends "$pid"
  stop "$server" || true
}

streams_redis() {
  local front=$(free_port) back=$(free_port) server
  serve redis redis-server --bind 127.0.0.1 --port "$back" --save '' --appendonly no --daemonize no
  server=$pid
  await "$back" || true
  forward redis-tcp "$front" "127.0.0.1:$back"
  check "Redis: a value" eval "same \"\$(redis-cli -p $front set a 1 && redis-cli -p $front get a)\" \$'OK\n1'"
  head -c 5000000 /dev/urandom | base64 -w 0 >"$scratch/value"
  check "Redis: a value of 6 MB" eval "redis-cli -p $front -x set large <'$scratch/value' &&
    redis-cli -p $front get large | head -c -1 | cmp - '$scratch/value'"
  check "Redis: redis-benchmark, one request at a time" load_redis "$front" -n 20000 -c 50
  check "Redis: redis-benchmark, sixteen at a time, 4 KiB" load_redis "$front" -n 40000 -c 20 -P 16 -d 4096
  check "Redis: all of it was kept" eval "has \"\$(redis-cli -p $back dbsize)\" '[0-9]'"
  check "Redis: the proxy ends well" ends "$pid"
  stop "$server" || true
}

# load_redis PORT OPTIONS...: true when every test has a figure and none an error.
load_redis() {
  local output port=$1
  shift
  output=$(timeout 60 redis-benchmark -h 127.0.0.1 -p "$port" -t set,get -q --csv "$@" 2>&1)
  printf '%s\n' "$output"
  grep -q '^"SET"' <<<"$output" && grep -q '^"GET"' <<<"$output" && ! grep -qi error <<<"$output"
}

# certificate NAME: a key and a certificate that it signs itself, for NAME.test.
certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1.test" -addext "subjectAltName=DNS:$1.test" \
    -keyout "$scratch/$1.key" -out "$scratch/$1.crt"
}

streams_tls() {
  local front=$(free_port) a=$(free_port) b=$(free_port) one servers=()
  for one in a b; do
    check "TLS: a certificate for $one.test" certificate "$one"
    serve "tls-$one" openssl s_server -accept "127.0.0.1:${!one}" -cert "$scratch/$one.crt" -key "$scratch/$one.key" -www
    servers+=("$pid")
    await "${!one}" || true
  done
  configured tls <<YAML
listeners:
  - address: 127.0.0.1:$front
    protocol: tcp
    tls_routes:
      - { host: a.test, cluster: a }
      - { host: "*.test", cluster: b }
clusters:
  a: { destinations: ["tcp://127.0.0.1:$a"] }
  b: { destinations: ["tcp://127.0.0.1:$b"] }
YAML
  await "$front" || true
  for one in a b; do
    # The certificate is checked: each name has met its own server.
    check "TLS: curl meets $one.test" eval "has \"\$(get --cacert '$scratch/$one.crt' \
      --resolve $one.test:$front:127.0.0.1 https://$one.test:$front/)\" Cipher"
    check "TLS: openssl s_client meets $one.test" eval "has \"\$(openssl s_client -connect 127.0.0.1:$front \
      -servername $one.test -CAfile '$scratch/$one.crt' -verify_return_error </dev/null 2>&1)\" 'Verify return code: 0'"
  done
  check "TLS: 1.2 too" eval "has \"\$(openssl s_client -tls1_2 -connect 127.0.0.1:$front -servername a.test \
    -CAfile '$scratch/a.crt' </dev/null 2>&1)\" 'Protocol *: TLSv1.2'"
  check "TLS: another name is turned away" eval "! openssl s_client -connect 127.0.0.1:$front -servername c.example </dev/null"
  check "TLS: and that is said" logs tls 'connection refused: no route fits'
  check "TLS: the proxy ends well" ends "$pid"
  for one in "${servers[@]}"; do stop "$one" || true; done
}

streams_mixed() {
  local front=$(free_port) web=$(free_port) tls=$(free_port) ssh=$(free_port) one servers=()
  serve web "$binary" echo --listen "127.0.0.1:$web"
  servers+=("$pid")
  serve tls-mixed openssl s_server -accept "127.0.0.1:$tls" -cert "$scratch/a.crt" -key "$scratch/a.key" -www
  servers+=("$pid")
  serve ssh python3 "$root/tests/peers/streams.py" name "$ssh" SSH-2.0-like
  servers+=("$pid")
  configured mixed <<YAML
listeners:
  - address: 127.0.0.1:$front
    protocol: mixed
    cluster: ssh
    tls_routes: [{ host: a.test, cluster: tls }]
    # A busy machine takes its time over a hello.
    timeouts: { hello: 1s }
    routes: [{ cluster: web }]
clusters:
  web: { destinations: ["http://127.0.0.1:$web"] }
  tls: { destinations: ["tcp://127.0.0.1:$tls"] }
  ssh: { destinations: ["tcp://127.0.0.1:$ssh"] }
YAML
  for one in "$front" "$web" "$tls" "$ssh"; do await "$one" || true; done
  check "mixed: curl speaks HTTP" eval "has \"\$(get 'http://127.0.0.1:$front/echo')\" GET"
  check "mixed: curl speaks TLS" eval "has \"\$(get --cacert '$scratch/a.crt' \
    --resolve a.test:$front:127.0.0.1 https://a.test:$front/)\" Cipher"
  check "mixed: a client that waits hears from the server" eval "same \"\$(peer ask 127.0.0.1 $front)\" SSH-2.0-like"
  check "mixed: a client that speaks first too" eval "has \"\$(printf 'SSH-2.0-client\r\n' | raw_end $front)\" SSH-2.0-client"
  check "mixed: the proxy ends well" ends "$pid"
  for one in "${servers[@]}"; do stop "$one" || true; done
}

# raw_end PORT: sends standard input, ends the stream, prints the answer.
raw_end() {
  python3 -c 'import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as c:
    c.sendall(sys.stdin.buffer.read())
    c.shutdown(socket.SHUT_WR)
    while part := c.recv(65536):
        sys.stdout.buffer.write(part)' "$1"
}

# The PROXY protocol with HAProxy and nginx, behind and before: who is asked last says who its client is.
streams_announced() {
  local client=127.0.0.77 nginx=$(free_port) haproxy=$(free_port) to_nginx=$(free_port) from_nginx=$(free_port)
  local sends1=$(free_port) sends2=$(free_port) sends3=$(free_port) keeps=$(free_port) takes=$(free_port) says=$(free_port) plain=$(free_port) one servers=()
  local http1=$(free_port) http2=$(free_port) v1=$(free_port) v2=$(free_port) v1n=$(free_port) v2n=$(free_port)
  cat >"$scratch/announced.conf" <<CONF
$(cat /usr/share/nginx/modules-available/mod-stream.conf)
worker_processes 1; daemon off; pid $scratch/announced.pid; error_log stderr;
events { worker_connections 256; }
stream { server { listen 127.0.0.1:$from_nginx; proxy_pass 127.0.0.1:$takes; proxy_protocol on; } }
http {
  access_log off;
  client_body_temp_path $scratch/body; proxy_temp_path $scratch/proxy; fastcgi_temp_path $scratch/fastcgi;
  uwsgi_temp_path $scratch/uwsgi; scgi_temp_path $scratch/scgi;
  server { listen 127.0.0.1:$nginx proxy_protocol; location / { return 200 "client \$proxy_protocol_addr\n"; } }
}
CONF
  cat >"$scratch/haproxy.cfg" <<CONF
global
  maxconn 256
defaults
  unique-id-format kept-%[src]
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend behind
  mode http
  bind 127.0.0.1:$haproxy accept-proxy
  http-request return status 200 content-type text/plain lf-string "client %[src] %[fc_pp_unique_id]\n"
listen sends_v1
  mode tcp
  bind 127.0.0.1:$sends1
  server s 127.0.0.1:$takes send-proxy
listen sends_v2
  mode tcp
  bind 127.0.0.1:$sends2
  server s 127.0.0.1:$takes send-proxy-v2 proxy-v2-options crc32c
listen sends_fields
  mode tcp
  bind 127.0.0.1:$sends3
  server s 127.0.0.1:$keeps send-proxy-v2 proxy-v2-options crc32c,unique-id
CONF
  configured announced <<YAML
listeners:
  - { address: "127.0.0.1:$v1", protocol: tcp, cluster: haproxy1 }
  - { address: "127.0.0.1:$v2", protocol: tcp, cluster: haproxy2 }
  - { address: "127.0.0.1:$v1n", protocol: tcp, cluster: nginx1 }
  - { address: "127.0.0.1:$v2n", protocol: tcp, cluster: nginx2 }
  - { address: "127.0.0.1:$http1", routes: [{ cluster: haproxy1 }] }
  - { address: "127.0.0.1:$http2", routes: [{ cluster: nginx2 }] }
  - { address: "127.0.0.1:$keeps", protocol: tcp, cluster: haproxy2, proxy_protocol: { accept: required } }
  - address: 127.0.0.1:$takes
    proxy_protocol: { accept: required, trusted: [127.0.0.1] }
    routes: [{ cluster: says }]
clusters:
  haproxy1: { destinations: ["127.0.0.1:$haproxy"], proxy_protocol: v1 }
  haproxy2: { destinations: ["127.0.0.1:$haproxy"], proxy_protocol: v2 }
  nginx1: { destinations: ["127.0.0.1:$nginx"], proxy_protocol: v1 }
  nginx2: { destinations: ["127.0.0.1:$nginx"], proxy_protocol: v2 }
  says: { destinations: ["127.0.0.1:$says"] }
YAML
  local proxy=$pid
  serve says "$binary" echo --listen "127.0.0.1:$says"
  servers+=("$pid")
  serve announced-nginx nginx -e stderr -c "$scratch/announced.conf"
  servers+=("$pid")
  serve announced-haproxy haproxy -db -f "$scratch/haproxy.cfg"
  servers+=("$pid")
  for one in "$v1" "$says" "$from_nginx" "$sends1"; do await "$one" || true; done
  told() { has "$(get --interface "$client" "http://127.0.0.1:$1/echo" | tr -d ' \n')" "$2"; }
  check "PROXY: HAProxy behind is told by version 1" told "$v1" "client$client"
  check "PROXY: HAProxy behind is told by version 2" told "$v2" "client$client"
  check "PROXY: nginx behind is told by version 1" told "$v1n" "client$client"
  check "PROXY: nginx behind is told by version 2" told "$v2n" "client$client"
  check "PROXY: HAProxy behind an HTTP listener is told" told "$http1" "client$client"
  check "PROXY: nginx behind an HTTP listener is told" told "$http2" "client$client"
  check "PROXY: HAProxy before tells by version 1" told "$sends1" "X-Forwarded-For\",\"value\":\"$client\""
  check "PROXY: HAProxy before tells by version 2, with a checksum" told "$sends2" "X-Forwarded-For\",\"value\":\"$client\""
  check "PROXY: what HAProxy before says more than addresses comes to HAProxy behind" told "$sends3" "client${client}kept-$client"
  check "PROXY: nginx before tells" told "$from_nginx" "X-Forwarded-For\",\"value\":\"$client\""
  check "PROXY: who tells nothing is turned away" eval "! get 'http://127.0.0.1:$takes/'"
  check "PROXY: the proxy ends well" ends "$proxy"
  for one in "${servers[@]}"; do stop "$one" || true; done
}

# Clients with addresses of their own, in a network namespace; the proxy and its destinations are in another.
streams_sources() {
  local one
  outside=tailrace-c-$$ inside=tailrace-s-$$
  namespaces=("$outside" "$inside")
  trap 'stop_all; without_namespaces' EXIT
  check "namespaces: two, with a cable between them" with_namespaces
  for one in 1 2 3; do
    serve "name-$one" ip netns exec "$inside" python3 "$root/tests/peers/streams.py" name "900$one" "server-$one"
  done
  for one in 1 2 3; do logs "name-$one" listens || true; done
  configured sources ip netns exec "$inside" <<YAML
listeners:
  - { address: ":7001", protocol: tcp, cluster: one, allow: [10.77.0.0/24, "fd77::/32"], deny: [10.77.0.4] }
  - { address: ":7002", protocol: tcp, cluster: one, connection_limits: { per_source: { connections: 3 } } }
  - { address: ":7003", protocol: tcp, cluster: all }
  - { address: ":7004", protocol: tcp, cluster: one, connection_limits: { per_source: { rate: 1, burst: 2 } } }
  - { address: ":7005", protocol: tcp, cluster: one, connection_limits: { rate: 1, burst: 3 } }
clusters:
  one: { destinations: ["tcp://127.0.0.1:9001"] }
  all: { balance: hash, destinations: ["tcp://127.0.0.1:9001", "tcp://127.0.0.1:9002", "tcp://127.0.0.1:9003"] }
YAML
  check "sources: the proxy listens" logs sources started
  check "sources: one that is allowed" eval "same \"\$(from ask 10.77.0.1 7001 --from 10.77.0.2)\" server-1"
  check "sources: one that is allowed, in IPv6" eval "same \"\$(from ask fd77::1 7001 --from fd77:0:0:1::2)\" server-1"
  check "sources: one that is denied" refused from ask 10.77.0.1 7001 --from 10.77.0.4
  check "sources: one that is not allowed" refused from ask 10.77.0.1 7001 --from 10.78.0.2
  check "sources: three of five connections, for each source" eval "
    same \"\$(from hold 10.77.0.1 7002 5 --from 10.77.0.2)\" 3 && same \"\$(from hold 10.77.0.1 7002 5 --from 10.77.0.3)\" 3"
  check "sources: a network of 64 bits is one source" one_network
  check "sources: as many at once as a source may open, for each" eval "fast 10.77.0.2 7004 2 && fast 10.77.0.3 7004 2"
  check "sources: as many at once as all of them may open" eval "fast 10.77.0.2 7005 3 && fast 10.77.0.3 7005 0 2"
  check "sources: that is said" eval "
    logs sources 'those of its source come too fast about=:7004' && logs sources 'they come too fast about=:7005'"
  check "sources: what was open then is told by its state" logs sources '^tcp state connected +2\b'
  check "sources: each stays with its destination by its hash, and they differ" by_hash
  check "sources: all that was refused is counted" eval "kill -USR1 $pid && logs sources '^:7002 +[0-9]+ +6\$'"
  check "sources: the proxy ends well" ends "$pid"
}

# fast SOURCE PORT LEAST [MOST]: so many of its ten connections are let in, and one more for each second that passes.
fast() {
  local held begun=$SECONDS
  held=$(from hold 10.77.0.1 "$2" 10 --from "$1") && echo "$held" && ((held >= $3 && held <= ${4:-$3} + SECONDS - begun + 1))
}

# refused COMMAND...: a client says that its connection was reset.
refused() {
  local code=0
  "$@" || code=$?
  same "$code" 3
}

from() { ip netns exec "$outside" python3 "$root/tests/peers/streams.py" "$@"; }

with_namespaces() {
  local one
  for one in "${namespaces[@]}"; do ip netns add "$one" && ip -n "$one" link set lo up || return 1; done
  ip -n "$outside" link add cable type veth peer name cable netns "$inside" || return 1
  for one in 10.77.0.2/16 10.77.0.3/16 10.77.0.4/16 10.78.0.2/16 192.168.1.100/24 fd77:0:0:1::2/32 fd77:0:0:1::3/32 fd77:0:0:2::2/32; do
    ip -n "$outside" addr add "$one" dev cable $([[ $one == *::* ]] && echo nodad) || return 1
  done
  for one in 10.77.0.1/16 10.78.0.1/16 192.168.1.1/24 fd77::1/32; do
    ip -n "$inside" addr add "$one" dev cable $([[ $one == *::* ]] && echo nodad) || return 1
  done
  # What names mean inside.
  mkdir -p "/etc/netns/$inside"
  printf '127.0.0.1 localhost\n10.77.0.2 tls.example db1\n10.77.0.3 db2\n' >"/etc/netns/$inside/hosts"
  ip -n "$outside" link set cable up && ip -n "$inside" link set cable up
}

without_namespaces() {
  local one
  for one in "${namespaces[@]}"; do
    ip netns del "$one" 2>/dev/null || true
    rm -rf "/etc/netns/$one"
  done
}

# one_network: what a neighbour of the same /64 holds counts for both, and another network has its own.
one_network() {
  ip netns exec "$outside" python3 "$root/tests/peers/streams.py" hold fd77::1 7002 2 --from fd77:0:0:1::2 --seconds 60 \
    >"$scratch/held" &
  local holder=$! code=0 i
  for ((i = 0; i < 150; i++)); do
    [[ ! -s $scratch/held ]] || break
    sleep 0.1
  done
  # Those that were open before may have to be closed yet.
  for ((i = 0; i < 50; i++)); do
    kill -USR1 "$pid"
    sleep 0.1
    ! grep -qE '^tcp state connected +2\b' "$scratch/sources.log" || break
  done
  same "$(cat "$scratch/held")" 2 && same "$(from hold fd77::1 7002 3 --from fd77:0:0:1::3)" 1 &&
    same "$(from hold fd77::1 7002 3 --from fd77:0:0:2::2)" 3 || code=1
  kill "$holder"
  wait "$holder" || true
  return "$code"
}

# by_hash: three times the same answer for each of seven sources, and more than one answer in all.
by_hash() {
  local one answers all=()
  for one in 10.77.0.2 10.77.0.3 10.77.0.4 10.78.0.2; do
    answers=$(for _ in 1 2 3; do from ask 10.77.0.1 7003 --from "$one"; done | sort -u)
    [[ $answers =~ ^server-[123]$ ]] || { echo "$one: $answers"; return 1; }
    all+=("$answers")
  done
  for one in fd77:0:0:1::2 fd77:0:0:1::3 fd77:0:0:2::2; do
    answers=$(for _ in 1 2 3; do from ask fd77::1 7003 --from "$one"; done | sort -u)
    [[ $answers =~ ^server-[123]$ ]] || { echo "$one: $answers"; return 1; }
    all+=("$answers")
  done
  printf '%s\n' "${all[@]}"
  (($(printf '%s\n' "${all[@]}" | sort -u | wc -l) > 1))
}

# The commands that docs/tcp.md begins with, as they are printed there: their ports and addresses exist in the namespaces.
streams_scenarios() {
  local one lines words
  # But for the folder of the Unix socket, which is this stage's own.
  mapfile -t lines < <(grep -E '^tailrace tcp' "$root/docs/tcp.md" | sed "s|unix:/run/|unix:$scratch/|")
  for one in "$inside 127.0.0.1 8081 default" "$inside 127.0.0.1 3000 local" "$inside ::1 9000 app" "$outside 192.168.1.100 8080 service" \
    "$outside 10.77.0.2 443 tls" "$outside 10.77.0.2 5432 db1" "$outside 10.77.0.3 5432 db2"; do
    words=($one)
    serve "at-${words[3]}" ip netns exec "${words[0]}" python3 "$root/tests/peers/streams.py" name "${words[2]}" "${words[3]}" \
      --host "${words[1]}"
  done
  for one in default local app service tls db1 db2; do logs "at-$one" listens || true; done
  scenario 0 10.77.0.1 8080 default
  scenario 1 10.77.0.1 8080 local
  scenario 2 192.168.1.1 80 service
  scenario 3 10.77.0.1 8443 tls
  scenario 4 10.77.0.1 5432 $'db1\ndb2'
  scenario 5 "$scratch/app.sock" 0 app
}

# scenario INDEX ADDRESS PORT ANSWERS: a command of the page runs, and clients outside get these answers in turn.
scenario() {
  local words=(${lines[$1]%%#*})
  serve "scenario-$1" ip netns exec "$inside" "$binary" "${words[@]:1}" --engine "$engine"
  check "as printed: ${words[*]}" eval "logs scenario-$1 started && logs scenario-$1 'engine=' &&
    same \"\$(for _ in 1 2 3 4; do from ask $2 $3; done | sort -u)\" \$'${4//$'\n'/\\n}'"
  check "as printed: it ends well" ends "$pid"
}
