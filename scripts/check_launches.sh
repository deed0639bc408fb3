#!/usr/bin/env bash
# Fails when a kernel is started anywhere but in the one launch function, kernels/cuda/launch.cuh, which names the stream
# and checks for errors; and when a kernel declares __shared__ memory that the tests on the simulated GPU can't see (kernels/cuda/shared.cuh).
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

status=0
# Prints what of the pattern $1 stands outside line comments and outside file $2.
search() {
  grep -rlF "$1" --include='*.h' --include='*.cuh' --include='*.cpp' --include='*.cu' \
    kernels engine model io apps bench tests | sort | while read -r file; do
    [[ $file == "$2" ]] || sed 's://.*::' "$file" | grep -nF "$1" | sed "s|^|$file:|" || true
  done
}
report() {
  if [[ -n "$2" ]]; then
    echo "$1"
    echo "$2"
    status=1
  fi
}
report "Kernels are started through launch() (kernels/cuda/launch.cuh) alone:" "$(search '<<<' kernels/cuda/launch.cuh)"
report "Shared memory comes from block_shared() or dynamic_shared() (kernels/cuda/shared.cuh):" \
  "$(search '__shared__' kernels/cuda/shared.cuh)"
exit $status
