#!/usr/bin/env bash
# Fails when a program can't start without CUDA's libraries or the driver: those are loaded when a device is asked for
# (kernels/cuda/libraries/shared_library.h).
#   check_needed_libraries.sh READELF FOLDER_OF_PROGRAMS LIBRARY...
set -euo pipefail
readelf=${1:?usage: check_needed_libraries.sh READELF FOLDER_OF_PROGRAMS LIBRARY...}
shift

status=0
while read -r file; do
  found=$("$readelf" -d "$file" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    grep -E '^lib(cuda|cublas|cudnn|cudart|nv)' || true)
  if [[ -n "$found" ]]; then
    echo "$file doesn't start without" $found
    status=1
  fi
done < <(find "$@" -type f -perm -u+x)
exit $status
