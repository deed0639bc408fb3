#!/usr/bin/env bash
# From a fresh Debian/Ubuntu machine to a trained network: installs packages, builds, renders sample faces, trains the tiny
# model on them, evaluates it on people it has never seen, and says where everything lies.
#   scripts/quickstart.sh [FOLDER]      FOLDER for faces and run, default runs/quickstart
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-runs/quickstart}
# Of processor time: what a build and a training took on a server of 2026, rounded up.
build_minutes=6 training_minutes=8
cores=$(nproc)
about() { echo "about $((($1 + cores - 1) / cores)) min on $cores cores"; }

echo "Step 1 of 4: packages (installed where they are missing)"
scripts/install_packages.sh
echo "Step 2 of 4: building four programs, $(about $build_minutes) when nothing is built yet; [k/n] says how far it is"
configured=$(cmake --preset quickstart)
grep -E "^-- (CPU's|CUDA|Images)" <<<"$configured"
cmake --build build --target poster_samples poster_train poster_predict poster_report

start=$SECONDS
echo "Step 3 of 4: rendering 2,800 faces and training on them, $(about $training_minutes); 8 epochs"
build/bin/poster_samples --out "$out/faces" --per-class 400 --identities 400 --seed 1 --force
rm -rf "$out/run"
# Plain steps instead of SAM's (--rho 0) and no erasing: the quickest way to a network that has learned the faces.
build/bin/poster_train --data "$out/faces" --model poster-v2-tiny --recipe plain --epochs 8 --batch-size 16 --lr 3e-4 \
  --gamma 0.75 --rho 0 --erase 0 --print-freq 40 --seed 1 --out "$out/run"
echo "Step 4 of 4: evaluating on people it has never seen"
build/bin/poster_train --data "$out/faces" --evaluate "$out/run/best.safetensors" --split test

cat <<EOT
Training and evaluation took $((SECONDS - start)) s. In $out/run:
  log         log.txt, metrics.csv, run.json
  curves      curves.png
  confusion   confusion-best-valid.png, confusion-best-test.png
  checkpoint  best.safetensors, last.safetensors
EOT
