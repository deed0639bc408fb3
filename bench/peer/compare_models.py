"""The networks side by side on this machine, ours and PyTorch's, as a Markdown table.

    /path/to/python bench/peer/compare_models.py [--models poster-v2,poster-v1-small,…] [--batch 8] [--threads 2] [--repeats 3]

Parameters that are used, floating-point operations of one picture (counted in PyTorch: convolutions, products, attention),
pictures a second in inference, milliseconds of a SAM step, and the peak of memory: ours as planned for the step, PyTorch's the
process's. Needs build/bin/bench/network_times.
"""

import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = {"poster-v2": ["poster_v2.py"], **{f"poster-v1-{s}": ["poster_v1.py", f"--size={s}"] for s in ("small", "base", "large")}}


def run(command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)


def ours(model, args):
    program = os.path.join(HERE, "../../build/bin/bench/network_times")
    results = run([program, "--device", "cpu", "--model", model, "--threads", str(args.threads), "--sam", str(args.batch),
                   "--inference", str(args.batch), "--seconds", "0"])["results"]
    inference, sam = (next(r for r in results if r["task"] == task) for task in ("inference", "sam_step"))
    return inference["images_per_s"], sam["ms"], sam["planned_bytes"] / 2**20


def theirs(model, args):
    peer = [sys.executable, os.path.join(HERE, PEERS[model][0]), *PEERS[model][1:]]
    times = [run([*peer, "time", "--threads", str(args.threads), "--repeats", str(args.repeats), "--case", f"{kind} {args.batch}"])
             for kind in ("inference", "sam")]
    return 1e3 * args.batch / times[0]["ms"], times[1]["ms"], times[1]["peak_mib"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(PEERS))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    print(f"| model | parameters | GFLOP | inference of {args.batch}, ours (PyTorch), pictures/s | SAM step of {args.batch}, ms "
          "| memory of the step, MiB |\n|---|---|---|---|---|---|")
    for model in args.models.split(","):
        count = run([sys.executable, os.path.join(HERE, PEERS[model][0]), *PEERS[model][1:], "count"])
        a, b = ours(model, args), theirs(model, args)
        print(f"| {model} | {count['live_parameters'] / 1e6:.1f} M | {count['gflop']:.1f} | {a[0]:.1f} ({b[0]:.1f}) "
              f"| {a[1]:.0f} ({b[1]:.0f}) | {a[2]:.0f} ({b[2]:.0f}) |", flush=True)


if __name__ == "__main__":
    main()
