#!/usr/bin/env python3
"""Time and peak memory to load a checkpoint of the whole network, ours beside torch.load, in one run, cache warm.

    bench/peer/torch_load.py --program build/bin/bench/torch_load [--rounds 5] [--folder DIR]

Writes the 747 tensors of the manifest with PyTorch: zip and legacy format, float and half. Every load is a process
of its own and ends with each tensor in memory of its own; what is counted starts after the imports. Figures are
medians over the rounds.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile


def status(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field + ":"))


def load(path, mode):
    import time

    import torch

    torch.zeros(1).clone()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = status("VmRSS")
    start, cpu = time.perf_counter(), time.process_time()
    tensors = torch.load(path, weights_only=True, mmap=mode == "mmap")
    if mode == "mmap":
        tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    kept = sum(tensor.nbytes for tensor in tensors.values())
    print(json.dumps({"seconds": seconds, "cpu": cpu, "tensors": len(tensors), "kept": kept, "peak": status("VmHWM") - before}))


def write_files(folder, manifest):
    import torch

    torch.manual_seed(1)
    with open(manifest) as file:
        rows = json.load(file)["tensors"]
    tensors = {}
    for row in rows:
        dtype = getattr(torch, row["dtype"])
        tensors[row["name"]] = (
            torch.randn(row["shape"]).to(dtype) if dtype.is_floating_point else torch.ones(row["shape"], dtype=dtype)
        )
    half = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    for kind, content in (("float", tensors), ("half", half)):
        torch.save(content, f"{folder}/{kind}_zip.pth")
        torch.save(content, f"{folder}/{kind}_legacy.pth", _use_new_zipfile_serialization=False)


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(args, folder):
    write_files(folder, args.manifest)
    print("| file | ms (of the processor): ours | torch.load | torch.load mmap | peak/kept: ours | torch.load | torch.load mmap |")
    print("|---|---|---|---|---|---|---|")
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass
        ways = {"ours": [args.program, path], "torch": [sys.executable, __file__, "--load", path, "--mode", "plain"]}
        if "legacy" not in name:  # torch.load maps the zip format alone
            ways["mmap"] = [sys.executable, __file__, "--load", path, "--mode", "mmap"]
        results = {way: [] for way in ways}
        for _ in range(args.rounds):
            for way, command in ways.items():
                results[way].append(run(command))
        kept = {result[0]["kept"] for result in results.values()}
        assert len(kept) == 1 and all(result[0]["tensors"] == 747 for result in results.values()), results

        def median(way, key):
            return statistics.median(result[key] for result in results[way]) if way in results else None

        def shown(value, scale, digits):
            return "-" if value is None else f"{value * scale:.{digits}f}"

        times = [
            f"{shown(median(way, 'seconds'), 1000, 0)} ({shown(median(way, 'cpu'), 1000, 0)})"
            for way in ("ours", "torch", "mmap")
        ]
        peaks = [shown(median(way, "peak"), 1 / results["ours"][0]["kept"], 3) for way in ("ours", "torch", "mmap")]
        print(f"| {name}, {os.path.getsize(path) / 1e6:.0f} MB | {' | '.join(times + peaks)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/bin/bench/torch_load", help="bench/torch_load.cpp, built")
    parser.add_argument("--manifest", default="tests/data/golden/poster_v2_3cls_adam.manifest.json")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="for the files, 700 MB; a temporary one without it")
    parser.add_argument("--load", help=argparse.SUPPRESS)
    parser.add_argument("--mode", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.load:
        load(args.load, args.mode)
    elif args.folder:
        compare(args, args.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(args, folder)


if __name__ == "__main__":
    main()
