# The example programs: each builds without a warning, listens where its first argument says, answers GET / with 2xx,
# and ends with code 0 when told to.

examples() {
  local project name port
  for project in "$root"/examples/*/*.csproj; do
    [[ -e $project ]] || { echo "no examples"; failed=$((failed + 1)); return; }
    name=$(basename "$project" .csproj) port=$(free_port)
    check "$name builds" dotnet build -c Release -o "$root/artifacts/examples/$name" "$project"
    serve "$name" "$root/artifacts/examples/$name/$name" "127.0.0.1:$port"
    await "$port" || true
    check "$name answers" get "http://127.0.0.1:$port/"
    check "$name stops with code 0" stop "$pid"
  done
}
