#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test. Arguments go to ctest: scripts/test.sh -R matmul
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh tests
cmake --preset release -DPOSTER_PICTURES=ON -DPOSTER_TESTS=ON -DPOSTER_BENCH=ON >/dev/null
cmake --build build
ctest --test-dir build --output-on-failure -j "$(nproc)" "$@"
