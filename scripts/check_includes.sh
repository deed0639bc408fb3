#!/usr/bin/env bash
# Fails when an include runs upwards: apps -> model, io -> engine -> kernels. model and io don't know each other.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

declare -A allowed=(
  [kernels]="kernels"
  [engine]="engine|kernels"
  [model]="model|engine|kernels"
  [io]="io|engine|kernels"
  [apps]="apps|model|io|engine|kernels"
  [bench]="bench|apps|model|io|engine|kernels"
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
exit $status
