#!/usr/bin/env bash
# Makes what `poster_predict --demo` shows, apps/predict/demo: a small network, trained on drawn faces, and the face of a person
# that it has never seen. Some ten minutes of processor time.
#   scripts/make_demo.sh [FOLDER]      FOLDER for the faces and the run, default runs/demo; the programs must be built
# Weights are rounded to 16 bits; tables of positions, which PyTorch's state dicts hold and any reader computes, are left out, as
# is the checksum, which was that of the whole file: 8 MB become 3.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-runs/demo}
if [ ! -e "$out/run/best.safetensors" ]; then
  build/bin/poster_samples --out "$out/faces" --per-class 400 --identities 400 --seed 1
  build/bin/poster_train --data "$out/faces" --model poster-v2-tiny --recipe plain --epochs 8 --batch-size 16 --lr 3e-4 \
    --gamma 0.75 --rho 0 --erase 0 --print-freq 40 --seed 1 --out "$out/run"
fi
build/bin/poster_checkpoint convert "$out/run/best.safetensors" "$out/half.safetensors" --half --force
mkdir -p apps/predict/demo
cp "$(find "$out/faces/test/happiness" -name '*.png' | LC_ALL=C sort | head -1)" apps/predict/demo/face.png
python3 - "$out/half.safetensors" apps/predict/demo/weights.safetensors <<'PY'
import json, struct, sys

with open(sys.argv[1], "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    data = file.read()
metadata = header.pop("__metadata__")
metadata.pop("checksum", None)
kept, body = {"__metadata__": metadata}, b""
for name, tensor in header.items():
    if name.endswith("relative_position_index"):
        continue
    begin, end = tensor["data_offsets"]
    kept[name] = {**tensor, "data_offsets": [len(body), len(body) + end - begin]}
    body += data[begin:end]
text = json.dumps(kept, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(sys.argv[2], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + body)
PY
ls -l apps/predict/demo
