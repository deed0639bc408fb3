#!/usr/bin/env bash
# Fails when a file is read, a JSON text parsed, a lock taken or something printed in another way than the one that refuses
# pipes and devices, has limits, and notices what is lost: io/format/{input_file,text,json,folder_lock}.h, io/format/atomic_file.h,
# io/console/output.h. And when a NOLINT doesn't name its check and the reason.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

status=0
# What of the pattern $2 stands in apps, io and model outside line comments and outside the files that $3 matches.
check() {
  local found
  found=$(grep -rnE --include='*.h' --include='*.cpp' "$2" apps io model | grep -vE "^($3):" | grep -vE '^[^:]+:[0-9]+: *//' || true)
  if [[ -n "$found" ]]; then
    echo "$1:"
    echo "$found"
    status=1
  fi
}
check "Files are opened by io/format/input_file.h and written by io/format/atomic_file.h" \
  'std::[io]?fstream|\bfopen\(|[^a-zA-Z_]::(open|openat|creat|mmap)\(' \
  'io/format/(input_file|folder_lock|mapping_guard|new_file)\.cpp|io/format/(atomic_file|mapped_file)\.cpp|io/run/run_log\.cpp|io/prepare/(journal|output_paths|workspace)\.cpp|apps/program/program\.cpp'
check "Folders are locked by io/format/folder_lock.h" '\bflock\(' 'io/format/(folder_lock|atomic_file)\.cpp'
check "JSON is read by io/format/json.h" '\b[Jj]son::parse\(|\bsax_parse\(' 'io/format/json\.cpp|io/weights/safetensors_header\.cpp'
check "Programs speak through io/console/output.h" '\bstd::(printf|puts|putchar|fputs|fprintf|fwrite|cout|cerr)\b' \
  'io/console/output\.cpp|apps/program/program\.cpp|apps/library/.*'

nolint=$(grep -rnE --include='*.h' --include='*.cpp' --include='*.cu' --include='*.cuh' '\bNOLINT' kernels engine model io apps tests bench examples |
  grep -vE 'NOLINT(NEXTLINE|BEGIN)?\([a-z0-9-]+\): [a-z]|NOLINTEND\([a-z0-9-]+\)$' || true)
if [[ -n "$nolint" ]]; then
  echo "NOLINT names one check, and why it doesn't hold here, as in // NOLINT(bugprone-branch-clone): why"
  echo "$nolint"
  status=1
fi
exit $status
