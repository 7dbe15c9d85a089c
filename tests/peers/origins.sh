# Real origins behind the proxy (nginx, Python's HTTP/1.0 server), real clients in front of it (curl, wrk).

origins() {
  local nginx=$(free_port) python=$(free_port) size
  mkdir -p "$scratch/files"
  for size in 0 1 16384 1048576 10000000; do
    head -c "$size" /dev/urandom >"$scratch/files/$size.bin"
  done
  write_nginx_config "$nginx"
  serve nginx nginx -e stderr -c "$scratch/nginx.conf"
  serve python python3 -m http.server --bind 127.0.0.1 --directory "$scratch/files" "$python"
  await "$nginx" && await "$python" || true
  origin_behind nginx "$nginx"
  origin_behind python "$python"
}

write_nginx_config() {
  cat >"$scratch/nginx.conf" <<CONF
worker_processes 1; daemon off; pid $scratch/nginx.pid; error_log stderr;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000; gzip on; gzip_types application/octet-stream; gzip_min_length 1;
  client_body_temp_path $scratch/body; proxy_temp_path $scratch/proxy; fastcgi_temp_path $scratch/fastcgi;
  uwsgi_temp_path $scratch/uwsgi; scgi_temp_path $scratch/scgi;
  server { listen 127.0.0.1:$1; root $scratch/files; location = /moved { return 302 /1.bin; }
    location = /empty { return 204; } }
}
CONF
}

# origin_behind NAME PORT: puts a proxy before the origin and compares what comes through with what is on disk.
origin_behind() {
  local name=$1 port=$(free_port) url size path
  url=http://127.0.0.1:$port
  serve "$name-proxy" "$binary" proxy --listen "127.0.0.1:$port" --to "http://127.0.0.1:$2" --engine "$engine"
  local proxy=$pid
  await "$port" || true
  for size in 0 1 16384 1048576 10000000; do
    check "$name: $size bytes are the same" eval "get '$url/$size.bin' | cmp - '$scratch/files/$size.bin'"
  done
  check "$name: HEAD gives the length" eval "has \"\$(get --head '$url/16384.bin')\" '[Cc]ontent-[Ll]ength: 16384'"
  check "$name: 404 passes" eval "same \"\$(status '$url/none')\" 404"
  if [[ $name == nginx ]]; then
    check "$name: a range" eval "get -r 100-199 '$url/16384.bin' |
      cmp - <(tail -c +101 '$scratch/files/16384.bin' | head -c 100)"
    check "$name: chunked and compressed" eval "get --compressed '$url/1048576.bin' | cmp - '$scratch/files/1048576.bin'"
    check "$name: 204" eval "same \"\$(status '$url/empty')\" 204"
    check "$name: a redirect is the client's business" eval "same \"\$(status '$url/moved')\" 302"
    for path in 1.bin 16384.bin 1048576.bin; do
      check "$name: wrk on $path" load "$url/$path" 64
    done
  else
    check "$name: wrk on 16384.bin" load "$url/16384.bin" 4
  fi
  check "$name: the proxy stops with code 0" stop "$proxy"
}

# load URL CONNECTIONS: two seconds of wrk; true when something was answered, all of it 2xx and no socket failed. What
# takes longer than two seconds, on a busy machine, is no failure: wrk would count it as one.
load() {
  local output
  output=$(wrk -t1 -c"$2" -d2s --timeout 60s "$1")
  printf '%s\n' "$output"
  grep -qE '^ +[1-9][0-9]* requests in' <<<"$output" && ! grep -qE 'Non-2xx|Socket errors' <<<"$output"
}
