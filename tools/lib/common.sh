# Sourced by the tools: where things are, and how they speak.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tool=$(basename "$0")
jobs=${TROUPE_JOBS:-$(nproc)}
# Many tests wait for servers, files and processes.
test_jobs=$((jobs + 1))

say() { printf '%s: [%4ds] %s\n' "$tool" "$SECONDS" "$*"; }
die() { printf '%s: error: %s\n' "$tool" "$*" >&2; exit 1; }
usage_error() { printf '%s: %s; see tools/%s --help\n' "$tool" "$1" "$tool" >&2; exit 2; }

# Configures and builds one preset; further arguments go to the build.
build_preset() {
  local preset=$1
  shift
  say "build: preset $preset"
  cmake -S "$root" --preset "$preset" >"$root/.deps/log/configure-$preset.log" 2>&1 ||
    { tail -n 30 "$root/.deps/log/configure-$preset.log" >&2; die "cmake --preset $preset failed"; }
  cmake --build "$root/build/$preset" -j "$jobs" "$@"
}

# The tracked C++ sources below the given folders (all by default).
cpp_sources() {
  git -C "$root" ls-files --cached --others --exclude-standard -- "${@:-.}" | grep -E '\.(cpp|hpp)$' | sort
}
