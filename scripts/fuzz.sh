#!/usr/bin/env bash
# Fuzzes the readers of files from strangers (tests/fuzz): first every seed in tests/fuzz/corpus, then new inputs.
#   scripts/fuzz.sh              a minute for each target
#   scripts/fuzz.sh SECONDS      that long for each
#   scripts/fuzz.sh --short      8 seconds for each, as CI does
#   scripts/fuzz.sh -runs=N      N inputs for each
#   scripts/fuzz.sh … TARGET…    only these: torch_zip torch_legacy safetensors csv json list
#                                image_header image_decode
# New inputs that reach new code are kept in build-fuzz/corpus, inputs that fail in build-fuzz/finds. A find goes into
# tests/fuzz/corpus when it is mended.
set -euo pipefail
cd "$(dirname "$0")/.."

limit=-max_total_time=60
case "${1:-}" in
  --short) limit=-max_total_time=8; shift ;;
  -runs=*) limit=$1; shift ;;
  [0-9]*) limit=-max_total_time=$1; shift ;;
esac
targets=("${@:-}")
[[ -z "${targets[0]}" ]] && targets=(torch_zip torch_legacy safetensors csv json list image_header image_decode)

cmake -S . -B build-fuzz -G Ninja -DPOSTER_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None >/dev/null
cmake --build build-fuzz
mkdir -p build-fuzz/finds
for target in "${targets[@]}"; do
  seeds=(tests/fuzz/corpus/"$target") new=build-fuzz/corpus/$target dictionary=tests/fuzz/${target%%_*}.dict
  # Both read the same files.
  [[ $target == image_* ]] && seeds=(tests/fuzz/corpus/image tests/data/images/{kinds,orientation,refused})
  mkdir -p "$new"
  # Limits: an input is small, none takes more than a second, none allocates more than 64 MB at a time.
  options=(-dict="$dictionary" -max_len=8192 -timeout=5 -malloc_limit_mb=64 -rss_limit_mb=1024
           -artifact_prefix=build-fuzz/finds/"$target"- -print_final_stats=1 -verbosity=0)
  echo "$target: seeds"
  "build-fuzz/bin/${target}_fuzz" "${options[@]}" -runs=0 "${seeds[@]}" 2>&1 | grep -v '^stat::'
  echo "$target: $limit"
  "build-fuzz/bin/${target}_fuzz" "${options[@]}" "$limit" "$new" "${seeds[@]}" 2>&1 |
    sed '/Recommended dictionary/,/End of recommended/d'
done
