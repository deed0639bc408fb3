#!/usr/bin/env bash
# poster_prepare against a Pillow script that does the same to the same images, in turn, on every core: images/s of both,
# each the median of ROUNDS. Cases: crop (1024x1024 photographs, a face's box cut out, reduced to 448) and copy (small
# images that nothing changes: ours keeps their bytes, Pillow decodes and saves them anew). Needs a Python with Pillow:
#   PYTHON=/path/to/python scripts/bench_prepare.sh FOLDER_OF_JPEGS [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $# -lt 1 || ! -d $1 ]]; then
  echo "usage: PYTHON=/path/to/python $0 FOLDER_OF_JPEGS [ROUNDS]" >&2
  exit 1
fi
images=$(realpath "$1")
rounds=${2:-3}
python=${PYTHON:-python3}
if ! "$python" -c 'import PIL' 2>/dev/null; then
  echo "$0: $python has no Pillow; name one that has in PYTHON" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

# Enlarged copies with a box in each, and small ones in a class folder.
"$python" - "$images" "$work" <<'PYTHON'
import pathlib, shutil, sys
from PIL import Image
source, work = map(pathlib.Path, sys.argv[1:])
(work / "big").mkdir()
(work / "small/a").mkdir(parents=True)
rows = ["path,label,left,top,width,height"]
for i, path in enumerate(sorted(source.rglob("*.jpg"))[:400]):
    Image.open(path).convert("RGB").resize((1024, 1024), Image.BICUBIC).save(work / f"big/{i:04d}.jpg", quality=92)
    shutil.copy(path, work / f"small/a/{i:04d}.jpg")
    rows.append(f"{i:04d}.jpg,a,200,180,620,650")
(work / "big/list.csv").write_text("\n".join(rows) + "\n")
PYTHON

ours() {  # SET IN [OPTIONS]
  rm -rf "$work/ours"
  build/bin/poster_prepare "$1" --in "$2" --out "$work/ours" "${@:3}" | sed -n 's/.*, \([0-9]*\) images\/s.*/\1/p'
}
peer() {
  rm -rf "$work/peer"
  "$python" bench/peer/prepare_pillow.py "$@" | sed 's/.*"images_per_second": \([0-9.]*\).*/\1/'
}
"$python" -c 'import PIL; print("Pillow", PIL.__version__)'
printf '%-8s %10s %10s %8s\n' case ours pillow ratio
for case in crop copy; do
  a=() b=()
  for ((i = 0; i < rounds; i++)); do
    if [[ $case == crop ]]; then
      a+=("$(ours csv "$work/big")")
      b+=("$(peer "$work/big/list.csv" "$work/peer")")
    else
      a+=("$(ours folder "$work/small")")
      b+=("$(peer "$work/small" "$work/peer" --whole)")
    fi
  done
  x=$(printf '%s\n' "${a[@]}" | median) y=$(printf '%s\n' "${b[@]}" | median)
  printf '%-8s %10s %10s %8.2f\n' "$case" "$x" "$y" "$(awk -v x="$x" -v y="$y" 'BEGIN {print x / y}')"
done
