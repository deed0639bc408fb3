"""What poster_prepare does to images, in Pillow: decode, turn upright, crop the face's box with a margin of 0.1 to a square,
reduce to a shorter side of 448, save as JPEG of quality 95. One process a core. Prints images/s as JSON.

  prepare_pillow.py LIST.csv OUT [--processes N]      LIST: path,label,left,top,width,height
  prepare_pillow.py FOLDER OUT --whole                images of a folder, uncropped: decoded and saved anew
"""
import argparse
import csv
import json
import multiprocessing
import os
import time
from pathlib import Path

import PIL
from PIL import Image, ImageOps

SIZE, MARGIN = 448, 0.1


def prepare(job):
    source, target, box = job
    image = ImageOps.exif_transpose(Image.open(source)).convert("RGB")
    if box:
        left, top, width, height = box
        half = max(width, height) * (0.5 + MARGIN)
        x, y = left + width / 2, top + height / 2
        image = image.crop((round(x - half), round(y - half), round(x + half), round(y + half)))
    scale = SIZE / min(image.size)
    if scale < 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BILINEAR)
    image.save(target, quality=95)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("out")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    if options.whole:
        sources = [(path, None) for path in sorted(Path(options.source).rglob("*.jpg"))]
    else:
        with open(options.source, newline="") as file:
            folder = Path(options.source).parent
            sources = [(folder / row["path"], tuple(float(row[k]) for k in ("left", "top", "width", "height")))
                       for row in csv.DictReader(file)]
    jobs = [(path, out / f"{i:06d}.jpg", box) for i, (path, box) in enumerate(sources)]
    start = time.perf_counter()
    with multiprocessing.Pool(options.processes) as pool:
        for _ in pool.imap_unordered(prepare, jobs, chunksize=8):
            pass
    seconds = time.perf_counter() - start
    print(json.dumps({"pillow": PIL.__version__, "processes": options.processes, "pictures": len(jobs),
                      "images_per_second": round(len(jobs) / seconds, 1)}))


if __name__ == "__main__":
    main()
