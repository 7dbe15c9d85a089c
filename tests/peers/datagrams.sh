# A real name server behind the proxy (dnsmasq, on loopback, with names of its own alone), its clients in front of it.

datagrams() {
  local dns=$(free_port) none=$(free_port) port=$(free_port)
  serve dnsmasq dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --no-poll --pid-file= \
    --user="$(id -un)" --group="$(id -gn)" --port="$dns" --listen-address=127.0.0.1 --bind-interfaces --log-facility=- \
    --cache-size=0 --edns-packet-max=4096 \
    --address=/a.example/192.0.2.1 --address=/a.example/2001:db8::1 --txt-record=text.example,"$(printf 'x%.0s' {1..250})"
  cat >"$scratch/udp.yaml" <<YAML
workers: 2
engine: $engine
access_log: { format: json, path: stdout }
listeners:
  - { address: ":$port", protocol: udp, cluster: names, timeouts: { idle: 1s } }
clusters:
  names:
    destinations: ["udp://127.0.0.1:$none", "udp://127.0.0.1:$dns"]
    health: { eject: { failures: 1, time: 1m } }
YAML
  await "$dns" || true
  check "dnsmasq answers" ask "$dns" 127.0.0.1 a.example A 192.0.2.1
  check "what udp will do is said" eval "has \"\$('$binary' check '$scratch/udp.yaml')\" 'sessions +at most 65536 open'"
  serve udp-proxy "$binary" run "$scratch/udp.yaml"
  local proxy=$pid
  check "the proxy starts" logs udp-proxy 'started engine'
  # The first destination is not there: whoever meets it asks again.
  check "a name, after a destination that is not there" ask "$port" 127.0.0.1 a.example A 192.0.2.1
  check "the same name again" ask "$port" 127.0.0.1 a.example A 192.0.2.1
  check "at another address of this machine" ask "$port" 127.0.0.9 a.example A 192.0.2.1
  check "an IPv6 address" ask "$port" 127.0.0.1 a.example AAAA 2001:db8::1
  if [[ -e /proc/net/if_inet6 ]]; then check "over IPv6" ask "$port" ::1 a.example A 192.0.2.1; fi
  check "a name that is not there" ask "$port" 127.0.0.1 b.example A NXDOMAIN REFUSED
  check "500 names by 50 clients" eval "python3 '$root/tests/peers/dns.py' '$port' 127.0.0.1 a.example A 192.0.2.1 --times 500"
  check "sessions end" logs udp-proxy '"protocol":"UDP","end":"idle".*"upstream":"127.0.0.1:'"$dns"
  check "the destination that is not there is left out" logs udp-proxy 'destination is left out'
  check "the proxy stops with code 0" stop "$proxy"
}

# ask PORT ADDRESS NAME TYPE ANSWER...: one question, asked again when no answer comes; one of the answers has to be it.
ask() { python3 "$root/tests/peers/dns.py" "$@"; }
