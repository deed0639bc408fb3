#!/usr/bin/env bash
# Collects what scripts/gpu_check.sh needs of Debian/Ubuntu packages on a GPU machine that has none and no network: headers,
# libraries and CMake files of GoogleTest, Google Benchmark, CLI11, nlohmann-json, Eigen and libdeflate, in build/gpu-bundle
# (git ignores it; carry it along with the working tree). Run it on a development machine of the same architecture.
#   scripts/gpu_bundle.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

bundle=${1:-build/gpu-bundle}
packages=(libgtest-dev libbenchmark-dev libcli11-dev nlohmann-json3-dev libeigen3-dev libdeflate-dev)
for package in "${packages[@]}"; do
  if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
    echo "$0: $package is not installed; scripts/install_packages.sh tests installs it" >&2
    exit 1
  fi
done
# A shared library has a package of its own: libbenchmark1, libbenchmark1debian, libdeflate0, …
mapfile -t shared < <(dpkg-query -W -f='${Package} ${Status}\n' 'libbenchmark[0-9]*' 'libdeflate[0-9]*' |
  awk '/ok installed/ {print $1}')

rm -rf "$bundle"
mkdir -p "$bundle"
dpkg -L "${packages[@]}" "${shared[@]}" | sort -u | grep -E '^/usr/(include|lib|share/cmake|share/eigen3)/' | while read -r path; do
  if [[ -f $path ]]; then
    mkdir -p "$bundle$(dirname "$path")"
    cp -L "$path" "$bundle$path"  # links become files: they travel badly
  fi
done
# A copied tree may come without its history.
git describe --always --dirty >"$bundle/commit" 2>/dev/null || true
du -sh "$bundle"
