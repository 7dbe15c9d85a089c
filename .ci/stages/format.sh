# The formatter has nothing to change.

format() {
  if dotnet format --verify-no-changes --verbosity minimal; then closing 1 0; else closing 0 1; fi
}
