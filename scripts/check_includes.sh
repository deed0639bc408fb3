#!/usr/bin/env bash
# Fails when an include runs upwards: apps -> model, io -> engine -> kernels. model and io don't know each other. CUDA's
# own headers are named by CUDA sources alone, and a file is .cu or .cuh where it holds device code, and only there.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

declare -A allowed=(
  [kernels]="kernels"
  [engine]="engine|kernels"
  [model]="model|engine|kernels"
  [io]="io|engine|kernels"
  [apps]="apps|model|io|engine|kernels"
  [bench]="bench|apps|model|io|engine|kernels"
  [tests/host_cuda]="tests|kernels"
)
status=0
for folder in "${!allowed[@]}"; do
  [[ -d $folder ]] || continue
  found=$(grep -rnE '#include "(apps|bench|model|io|engine|kernels|tests)/' "$folder" | grep -vE "#include \"(${allowed[$folder]})/" || true)
  if [[ -n "$found" ]]; then
    echo "Includes that run upwards:"
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
