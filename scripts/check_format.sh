#!/usr/bin/env bash
# Fails when a source file is not as clang-format has it. With --fix, formats instead.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(--dry-run --Werror)
[[ "${1:-}" == --fix ]] && mode=(-i)
git ls-files '*.h' '*.cpp' '*.cu' '*.cuh' | xargs clang-format "${mode[@]}"
