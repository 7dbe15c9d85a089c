# What the later stages need from the distribution. The .NET SDK is the one thing that is not installed here.

machine() {
  local program packages=() missing=()
  # Program, or file, and its package.
  local needs=(nginx:nginx-light haproxy:haproxy wrk:wrk curl:curl gcc:gcc python3:python3 ss:iproute2 strace:strace
    clang:clang dnsmasq:dnsmasq-base node:nodejs git:git cmp:diffutils openssl:openssl redis-server:redis-server redis-benchmark:redis-tools
    runuser:util-linux ip:iproute2 /usr/lib/postgresql:postgresql psql:postgresql-client
    /usr/share/nginx/modules-available/mod-stream.conf:libnginx-mod-stream /usr/include/zlib.h:zlib1g-dev /usr/include/stdlib.h:libc6-dev)
  PATH=$PATH:/usr/sbin:/sbin
  if ! command -v dotnet >/dev/null; then
    echo "dotnet is missing: install the .NET 10 SDK (https://dotnet.microsoft.com/download) and run again"
    closing 0 1
    return
  fi
  for program in "${needs[@]}"; do
    have "${program%%:*}" || packages+=("${program#*:}")
  done
  if ((${#packages[@]} > 0)); then
    echo "installing ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${packages[@]}"
  fi
  for program in "${needs[@]}"; do
    have "${program%%:*}" || missing+=("$program")
  done
  if ((${#missing[@]} > 0)); then echo "still missing: ${missing[*]}"; fi
  dotnet --version
  closing "$((${#needs[@]} + 1 - ${#missing[@]}))" "${#missing[@]}"
}

have() { [[ $1 == /* ]] && [[ -e $1 ]] || command -v "$1" >/dev/null; }
