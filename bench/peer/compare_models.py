"""The networks side by side on this machine, ours and PyTorch's, as a Markdown table.

    /path/to/python bench/peer/compare_models.py [--models poster-v2,poster-v1-small,…] [--batch 8] [--threads 2] [--repeats 3]

Parameters that are used, floating-point operations of one image (counted in PyTorch: convolutions, products, attention),
images a second in inference, milliseconds of a SAM step, and the peak memory of the process; ours, and PyTorch's in
parentheses. Needs build/bin/bench/network_times.
"""

import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = {"poster-v2": ["poster_v2.py"], **{f"poster-v1-{s}": ["poster_v1.py", f"--size={s}"] for s in ("small", "base", "large")}}


def run(command):
    """What the program prints as JSON, and the most memory that it had, in MiB."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
    return json.loads(printed), usage.ru_maxrss / 1024


def ours(model, task, args):
    sizes = {"inference": ["--inference", str(args.batch), "--sam", "0"], "sam": ["--sam", str(args.batch), "--inference", "0"]}[task]
    program = os.path.join(HERE, "../../build/bin/bench/network_times")
    printed, peak = run([program, "--device", "cpu", "--model", model, "--threads", str(args.threads), *sizes, "--seconds", "0"])
    return printed["results"][0]["ms"], peak


def theirs(model, task, args):
    peer = [sys.executable, os.path.join(HERE, PEERS[model][0]), *PEERS[model][1:]]
    printed, peak = run([*peer, "time", "--threads", str(args.threads), "--repeats", str(args.repeats), "--case", f"{task} {args.batch}"])
    return printed["ms"], peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(PEERS))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    print(f"| model | parameters | GFLOP | inference of {args.batch}, images/s | its memory, MiB | SAM step of {args.batch}, ms "
          "| its memory, MiB |\n|---|---|---|---|---|---|---|")
    for model in args.models.split(","):
        count, _ = run([sys.executable, os.path.join(HERE, PEERS[model][0]), *PEERS[model][1:], "count"])
        cells = []
        for task in ("inference", "sam"):
            (a, a_peak), (b, b_peak) = ours(model, task, args), theirs(model, task, args)
            speeds = (1e3 * args.batch / a, 1e3 * args.batch / b) if task == "inference" else (a, b)
            cells += ["{:.{}f} ({:.{}f})".format(speeds[0], task == "inference", speeds[1], int(task == "inference")),
                      f"{a_peak:.0f} ({b_peak:.0f})"]
        print(f"| {model} | {count['live_parameters'] / 1e6:.1f} M | {count['gflop']:.1f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
