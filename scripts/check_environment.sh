#!/usr/bin/env bash
# Fails when an environment variable is read elsewhere than through kernels/environment.h, whose table names them all. (What
# tests/torture loads into programs is C, and a test that sets a variable remembers what it was.)
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

found=$(grep -rnE '\b(secure_)?getenv\(|\benviron\b' --include='*.h' --include='*.cpp' --include='*.cu' --include='*.cuh' \
  kernels engine model io apps bench tests examples 2>/dev/null |
  grep -vE '^(kernels/environment\.h|tests/support/scoped_variable\.h):' || true)
if [[ -n "$found" ]]; then
  echo "Environment variables are read by environment() (kernels/environment.h), from its table:"
  echo "$found"
  exit 1
fi
