#!/usr/bin/env bash
# Fails when clang-tidy 16 finds something (.clang-tidy) in kernels, engine, model and io as the preset clang compiles them:
# configure that first. Each file of the compile commands in the given folder, or build-clang, is looked at. Not apps: they call
# what is looked at here, and would take a quarter of the time.
#
# A struct without a constructor may have members without a default: they are those that must be given, and a compiler says when
# one is left out (-Wmissing-field-initializers), which it doesn't of members that have a default. So that finding isn't one.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build-clang}
[[ -f $build/compile_commands.json ]] || { echo "$build/compile_commands.json is missing; run cmake --preset clang" >&2; exit 1; }
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
folders='(kernels|engine|model|io)/'
export build logs headers="^$PWD/$folders"

# Files of sources and those of several that are compiled as one.
sed -nE 's/^ *"file": "(.*)",?$/\1/p' "$build/compile_commands.json" | grep -E "^$PWD/($build/)?$folders" >"$logs/files" ||
  { echo "$build/compile_commands.json names no file of $PWD; configure it here: cmake --preset clang" >&2; exit 1; }
# clang-tidy's exit code is 1 with findings, which are judged below; what isn't compiled or crashes has its error in the log, too.
xargs -a "$logs/files" -P "$(nproc)" -I FILE bash -c '
  log=$(mktemp "$logs/XXXXXXXX.log")
  clang-tidy-16 --quiet -p "$build" --config-file=.clang-tidy --header-filter="$headers" "$1" >"$log" 2>/dev/null ||
    [[ $? -eq 1 ]] || echo "$1: error: clang-tidy itself has failed" >>"$log"' _ FILE

found=$(cat "$logs"/*.log | awk '
  /: (warning|error): / {
    finding = $0
    getline
    required = finding ~ /constructor does not initialize these fields/ && $0 ~ /^ *struct /
    if (!required && !seen[finding]++) print finding "\n" $0
  }')
[[ -z "$found" ]] && exit 0
echo "$found"
exit 1
