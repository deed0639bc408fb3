#!/usr/bin/env bash
# Installs the library to a folder of its own, builds the examples against it as somebody else would, and runs them on drawn
# faces: examples/classify must answer as poster_predict does, and examples/train save what poster_train saves.
#   example_test.sh SOURCE BUILD
set -euo pipefail
source=$(realpath "$1")
build=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cmake --install "$build" --prefix "$folder/installed" --component library >install.log
cp -r "$source/examples" examples
for example in classify train; do
  cmake -S examples/$example -B $example-build -DCMAKE_PREFIX_PATH="$folder/installed" -DCMAKE_BUILD_TYPE=Release >configure.log
  cmake --build $example-build >build.log || { cat build.log; exit 1; }
done
[[ $(find installed/include -type f | sort | xargs) == "installed/include/poster/classifier.h installed/include/poster/trainer.h" ]]
cmp installed/share/doc/poster/LICENSE "$source/LICENSE"

"$build/bin/poster_samples" --out faces --per-class 3 --size 64 --seed 1 >samples.log
"$build/bin/poster_train" --data faces --model poster-v2-tiny --batch-size 7 --epochs 1 --lr 1e-3 --out run >train.log
images=(faces/test/*/*.png)
classify-build/classify run/last.safetensors "${images[@]}" >ours
# "PATH: CLASS 12.3 % (…": up to the first percent sign.
"$build/bin/poster_predict" run/last.safetensors "${images[@]}" | sed 's/%.*/%/' >theirs
[[ $(wc -l <ours) -eq ${#images[@]} ]]
diff ours theirs

if classify-build/classify missing.safetensors "${images[0]}" 2>errors; then
  echo "a missing checkpoint is no error"
  exit 1
fi
grep -q '^classify: missing.safetensors: ' errors

# Two epochs, of which the file keeps the better one: with every bit of its weights and of the optimizer's state.
train-build/train faces ours.safetensors poster-v2-tiny 2 7 >train-ours.log
"$build/bin/poster_train" --data faces --model poster-v2-tiny --batch-size 7 --epochs 2 --out two >train-theirs.log
cmp ours.safetensors two/best.safetensors
classify-build/classify ours.safetensors "${images[0]}" >/dev/null
"$build/bin/poster_predict" ours.safetensors "${images[0]}" >/dev/null

for wrong in "nowhere x.safetensors" "faces x.safetensors poster-v9" "faces x.safetensors poster-v2-tiny 1 1" "faces no/x.safetensors poster-v2-tiny 1 7"; do
  if train-build/train $wrong >train-wrong.log 2>errors; then
    echo "train $wrong is no error"
    exit 1
  fi
  grep -qE '^train: .*(nowhere|poster-v9|batches of one image|no/x)' errors || { cat errors; exit 1; }
done
[[ ! -e x.safetensors ]]
