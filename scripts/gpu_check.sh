#!/usr/bin/env bash
# Everything that needs a GPU in one call, in under ten minutes: builds for the GPU at hand, runs all tests on it, golden cases
# in each precision, compute-sanitizer, microbenchmarks, the network's times beside PyTorch's, and determinism. Writes one JSON,
# bench/results/<date>-<device>.json (under $OUT when that is set). See --help, and bench/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${PYTHON:-python3}" scripts/gpu_check "$@"
