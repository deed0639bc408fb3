#!/usr/bin/env bash
# Fails when an include runs upwards: apps -> model, io -> engine -> kernels. Within io and apps a folder includes only those
# neighbours that its line in io/CMakeLists.txt or apps/CMakeLists.txt names behind USES; in io, model is for folders with MODEL.
# CUDA's own headers are named by CUDA sources alone, and a file is .cu or .cuh where it holds device code, and only there.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

declare -A allowed=(
  [kernels]="kernels"
  [engine]="engine|kernels"
  [model]="model|engine|kernels"
  [bench]="bench|apps|model|io|engine|kernels"
  [tests/cuda_simulator]="tests|kernels"
)

# Adds what the lines "poster_room(NAME ... USES A B ...)" of a CMakeLists.txt allow; $2: the folder, $3: what all its folders may use.
declared() {
  local line name uses
  while read -r line; do
    name=${line%% *}
    allowed[$1/$name]="$1/$name|$3"
    [[ " $line " == *" MODEL "* ]] && allowed[$1/$name]+="|model"
    uses=""
    [[ "$line" == *" USES "* ]] && uses=${line##* USES } && uses=${uses%% LINKS *}
    for use in $uses; do
      case $use in
        io_*) ;;
        apps_*) allowed[$1/$name]+="|apps/${use#apps_}" ;;
        *) allowed[$1/$name]+="|$1/$use" ;;
      esac
    done
  done < <(sed -nE "s/^ *$2\(([a-z_]+.*)\)$/\1/p" "$1/CMakeLists.txt")
}
[[ -f io/CMakeLists.txt ]] && declared io poster_room "engine|kernels"
[[ -f apps/CMakeLists.txt ]] && declared apps poster_part "model|io|engine|kernels"

status=0
for folder in io/*/ apps/*/; do
  folder=${folder%/}
  [[ -d $folder && "$folder" != apps/library && ! -v allowed[$folder] ]] || continue
  echo "$folder has no line in ${folder%%/*}/CMakeLists.txt"
  status=1
done
for folder in "${!allowed[@]}"; do
  [[ -d $folder ]] || continue
  found=$(grep -rnE '#include "(apps|bench|model|io|engine|kernels|tests)/' "$folder" | grep -vE "#include \"(${allowed[$folder]})/" || true)
  if [[ -n "$found" ]]; then
    echo "Includes that run upwards or aren't declared:"
    echo "$found"
    status=1
  fi
done
found=$(grep -rnE '#include (<(cuda|cublas|cudnn)|"kernels/cuda/)' kernels engine model io apps bench |
  grep -vE '^kernels/(cuda/|[a-z0-9_]+/([a-z0-9_]+\.cuh?|([a-z0-9_]+_)?cuda\.cpp|cuda_[a-z0-9_]+\.h):|half\.h:)' || true)
found+=$(grep -rlE '__(device|global)__|<<<' kernels engine model io apps bench | grep -vE '\.(cu|cuh)$|^kernels/host_device\.h$' || true)
if [[ -n "$found" ]]; then
  echo "CUDA's headers outside kernels/cuda and the ops' CUDA sources, or device code outside .cu and .cuh:"
  echo "$found"
  status=1
fi
exit $status
