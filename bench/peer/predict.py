"""The PyTorch peer from an image's file to its label: what poster_predict does, by Pillow and PyTorch.

    python bench/peer/predict.py save weights.pth                    # random weights, for both
    python bench/peer/predict.py time weights.pth IMAGE...           # one JSON object: latency one by one, images/s in batches

Channels-last, inference mode. scripts/bench_predict.sh runs both in turn.
"""

import argparse
import json
import sys
import time

import numpy as np
import torch
from PIL import Image

from poster_v2 import PosterV2

SIDE = 224
MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def read(path):
    """The recipe's evaluation transform: short side to 224, cut about the centre, normalised."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    short = min(width, height)
    image = image.resize((int(SIDE * width / short), int(SIDE * height / short)), Image.Resampling.BILINEAR)
    left, top = round((image.width - SIDE) / 2), round((image.height - SIDE) / 2)
    pixels = np.asarray(image.crop((left, top, left + SIDE, top + SIDE)), np.float32) / 255
    return torch.from_numpy((pixels - MEAN) / STD).permute(2, 0, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["save", "time"])
    parser.add_argument("weights")
    parser.add_argument("images", nargs="*")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    model = PosterV2()
    if args.action == "save":
        torch.save(model.state_dict(), args.weights)
        return 0
    model.load_state_dict(torch.load(args.weights, weights_only=True))
    model = model.eval().to(memory_format=torch.channels_last)
    times, probabilities = [], []
    with torch.inference_mode():
        predict = lambda batch: torch.softmax(model(batch.to(memory_format=torch.channels_last)), 1)
        predict(read(args.images[0])[None])  # warm
        for path in args.images:
            start = time.perf_counter()
            row = predict(read(path)[None])[0].tolist()
            times.append(1e3 * (time.perf_counter() - start))
            probabilities.append(row)
        start = time.perf_counter()
        for first in range(0, len(args.images), args.batch):
            predict(torch.stack([read(p) for p in args.images[first : first + args.batch]]))
        seconds = time.perf_counter() - start
    times.sort()
    print(json.dumps({"median_ms": times[len(times) // 2], "p99_ms": times[min(len(times) - 1, int(0.99 * len(times)))],
                      "images_per_s": len(args.images) / seconds, "probabilities": probabilities}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
