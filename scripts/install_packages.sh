#!/usr/bin/env bash
# Installs the Debian/Ubuntu packages that Poster is built from. With "tests": also what the tests and the checks need.
# Does nothing when all of them are there; needs root or sudo otherwise.
set -euo pipefail

packages=(g++ cmake ninja-build pkg-config git ca-certificates
          libopencv-dev opencv-data libcli11-dev nlohmann-json3-dev libdeflate-dev libzip-dev libutf8proc-dev
          libjpeg-dev libpng-dev libtiff-dev libwebp-dev libavformat-dev libavcodec-dev libswscale-dev libavutil-dev
          libcairo2-dev fonts-dejavu-core)
if [[ "${1:-}" == tests ]]; then
  packages+=(libgtest-dev libbenchmark-dev libeigen3-dev libboost-context-dev clang clang-16 clang-tidy-16 libclang-rt-16-dev clang-format
             mold python3)
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

echo "Installing: ${missing[*]}"
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "$0: these packages are missing and neither root nor sudo is at hand: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
