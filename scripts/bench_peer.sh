#!/usr/bin/env bash
# The full network against PyTorch on this machine's CPU: milliseconds of both, in turn, and the ratio (below 1: ours is
# faster). Needs a Python with torch and numpy: PYTHON=/path/to/python scripts/bench_peer.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-3}
python=${PYTHON:-python3}
bench=build/bin/bench/end_to_end_bench
if ! "$python" -c 'import torch, numpy' 2>/dev/null; then
  echo "$0: $python has no torch and numpy; make a virtual environment with both and name its python in PYTHON" >&2
  exit 1
fi
threads=$(nproc)
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

ours() {  # inference/poster_v2/1
  "$bench" --benchmark_filter="^$1/real_time\$" --benchmark_min_time=2 --benchmark_format=json 2>/dev/null |
    awk -F': ' '/"real_time"/ {print $2 + 0}'
}
peer() {  # "inference 1" [--channels-last]
  "$python" bench/peer/poster_v2.py time --threads "$threads" --case "$1" --repeats 5 ${2:-} |
    sed 's/.*"ms": \([0-9.]*\).*/\1/'
}

"$python" -c 'import torch; print("PyTorch", torch.__version__)'
printf '%-16s %12s %12s %16s %8s\n' case ours_ms pytorch_ms channels_last_ms ratio
for case in "inference 1" "prediction 1" "inference 16" "prediction 16" "sam 8"; do
  kind=${case% *}
  name=${kind/sam/sam_step}/poster_v2/${case#* }
  a=() b=() c=() r=()
  for ((i = 0; i < rounds; i++)); do
    x=$(ours "$name")
    y=$(peer "${case/prediction/inference}")
    z=$(peer "${case/prediction/inference}" --channels-last)
    a+=("$x") b+=("$y") c+=("$z")
    # Against the faster of PyTorch's two layouts.
    r+=("$(awk -v x="$x" -v y="$y" -v z="$z" 'BEGIN {print x / (y < z ? y : z)}')")
  done
  printf '%-16s %12.1f %12.1f %16.1f %8.2f\n' "$case" "$(printf '%s\n' "${a[@]}" | median)" \
    "$(printf '%s\n' "${b[@]}" | median)" "$(printf '%s\n' "${c[@]}" | median)" "$(printf '%s\n' "${r[@]}" | median)"
done
