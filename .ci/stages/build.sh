# The solution builds from nothing; warnings are errors.

build() {
  if dotnet build -c Release --no-incremental; then closing 1 0; else closing 0 1; fi
}
