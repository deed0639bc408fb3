#!/usr/bin/env bash
# Fails when object files that were compiled for an instruction set define something that the linker could give to others: a
# function or variable outside the set's own namespace (isa_avx2, isa_avx512) that another object may define as well. A machine
# without those instructions would then die in a function that has nothing to do with kernels.
#   scripts/check_isa.sh isa_avx2 OBJECT...
set -euo pipefail

namespace=${1:?usage: check_isa.sh isa_avx2 OBJECT...}
shift
[[ $# -gt 0 ]] || { echo "check_isa.sh: no object files" >&2; exit 1; }
# Weak (W, V) and unique (u) symbols that are defined here: inline functions, templates and their static variables. Where a
# namespace stands in a mangled name, its length stands before it.
symbols=$(nm --defined-only --print-file-name "$@")
found=$(grep -E ' [WVu] ' <<<"$symbols" | grep -v "${#namespace}$namespace" | c++filt || true)
if [[ -n "$found" ]]; then
  echo "Symbols compiled for $namespace that the linker could give to code for every machine (kernels/cpu/isa.h):"
  echo "$found"
  exit 1
fi
