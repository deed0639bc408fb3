#!/usr/bin/env bash
# Installs the library to a folder of its own, builds examples/classify against it as somebody else would, runs it on
# drawn faces, and compares its answers with poster_predict's.
#   example_test.sh SOURCE BUILD
set -euo pipefail
source=$(realpath "$1")
build=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cmake --install "$build" --prefix "$folder/installed" --component library >install.log
cp -r "$source/examples/classify" example
cmake -S example -B example-build -DCMAKE_PREFIX_PATH="$folder/installed" -DCMAKE_BUILD_TYPE=Release >configure.log
cmake --build example-build >build.log || { cat build.log; exit 1; }
[[ $(find installed/include -type f) == installed/include/poster/classifier.h ]]
cmp installed/share/doc/poster/LICENSE "$source/LICENSE"

"$build/bin/poster_samples" --out faces --per-class 3 --size 64 --seed 1 >samples.log
"$build/bin/poster_train" --data faces --model poster-v2-tiny --batch-size 7 --epochs 1 --lr 1e-3 --out run >train.log
pictures=(faces/test/*/*.png)
example-build/classify run/last.safetensors "${pictures[@]}" >ours
# "PATH: CLASS 12.3 % (…": up to the first percent sign.
"$build/bin/poster_predict" run/last.safetensors "${pictures[@]}" | sed 's/%.*/%/' >theirs
[[ $(wc -l <ours) -eq ${#pictures[@]} ]]
diff ours theirs

if example-build/classify missing.safetensors "${pictures[0]}" 2>errors; then
  echo "a missing checkpoint is no error"
  exit 1
fi
grep -q '^classify: missing.safetensors: ' errors
