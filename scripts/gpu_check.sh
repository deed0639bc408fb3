#!/usr/bin/env bash
# Everything that needs a GPU, in calls of under ten minutes: builds for the GPU at hand, golden cases, the network's times, microbenchmarks,
# the tests on the device, determinism; PyTorch's times, compute-sanitizer and the rest in calls of their own. Writes one JSON as it comes,
# bench/results/<date>-<device>.json (under $OUT when that is set). See --help, and bench/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${PYTHON:-python3}" scripts/gpu_check "$@"
