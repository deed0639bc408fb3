#!/usr/bin/env bash
# From an image's file to its label, the full network on this machine's CPU: poster_predict and PyTorch in turn, median and
# p99 of images one by one, images a second in batches of 16, and the ratios (below 1: ours is faster). Also how far their
# probabilities are apart. PYTHON=/path/to/python scripts/bench_predict.sh FOLDER [ROUNDS [IMAGES]]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
rounds=${2:-3}
count=${3:-48}
python=${PYTHON:-python3}
if ! "$python" -c 'import torch, numpy, PIL' 2>/dev/null; then
  echo "$0: $python has no torch, numpy and Pillow; make a virtual environment with them and name its python in PYTHON" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find "$folder" -name '*.jpg' -o -name '*.png' | sort | head -n "$count" >"$work/list"
"$python" bench/peer/predict.py save "$work/weights.pth"
for ((i = 0; i < rounds; i++)); do
  build/bin/poster_predict "$work/weights.pth" - --allow-partial --device cpu --format json <"$work/list" >"$work/one.$i" 2>/dev/null
  build/bin/poster_predict "$work/weights.pth" - --allow-partial --device cpu --format json --batch 16 <"$work/list" >"$work/batch.$i" 2>/dev/null
  # shellcheck disable=SC2046
  "$python" bench/peer/predict.py time "$work/weights.pth" $(cat "$work/list") --threads "$(nproc)" >"$work/peer.$i"
done
"$python" - "$work" "$rounds" <<'EOF'
import json, statistics, sys
work, rounds = sys.argv[1], int(sys.argv[2])
rows, apart = [], 0
for i in range(rounds):
    one, batch = ([json.loads(line) for line in open(f"{work}/{name}.{i}")] for name in ("one", "batch"))
    peer = json.load(open(f"{work}/peer.{i}"))
    times = sorted(line["ms"] for line in one)
    ours = (times[len(times) // 2], times[min(len(times) - 1, int(0.99 * len(times)))], 1e3 * len(batch) / sum(l["ms"] for l in batch))
    rows.append(ours + (peer["median_ms"], peer["p99_ms"], peer["images_per_s"]))
    for line, row in zip(one, peer["probabilities"]):
        apart = max([apart] + [abs(a - b) for a, b in zip(line["probabilities"].values(), row)])
middle = lambda f: statistics.median(f(r) for r in rows)
print(f"{len(one)} images, {rounds} rounds; probabilities at most {apart:.1e} apart")
print(f"{'':22}{'ours':>9}{'PyTorch':>9}{'ratio':>7}")
for name, a, b, ratio in (("median, one by one, ms", 0, 3, lambda r: r[0] / r[3]), ("p99, one by one, ms", 1, 4, lambda r: r[1] / r[4]),
                          ("images/s, batch 16", 2, 5, lambda r: r[5] / r[2])):
    print(f"{name:22}{middle(lambda r: r[a]):9.1f}{middle(lambda r: r[b]):9.1f}{middle(ratio):7.2f}")
EOF
