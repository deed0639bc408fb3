"""Checks and measures Poster on a GPU, and writes one JSON with everything. Exits with 1 when a test, golden case, sanitizer,
benchmark program or hash fails; what could not run for want of a GPU or of time is listed as skipped."""

import argparse
import os
import sys

import environment
import steps
from report import Report


def parse_arguments():
    parser = argparse.ArgumentParser(prog="gpu_check.sh", description=__doc__)
    names = [step.__name__ for step in steps.ALL]
    parser.add_argument("--without-gpu", action="store_true",
                        help="build and run what can run on a machine without a GPU, as a test of this script")
    parser.add_argument("--only", nargs="+", choices=names, metavar="STEP", help=f"these steps alone, of: {', '.join(names)}")
    parser.add_argument("--skip", nargs="+", choices=names, default=[], metavar="STEP", help="all steps but these")
    parser.add_argument("--limit", type=float, help="seconds in all, 570 unless told; what is left over then is skipped")
    parser.add_argument("--build-dir", default="build-gpu")
    parser.add_argument("--bundle", default="build/gpu-bundle", help="what scripts/gpu_bundle.sh has collected")
    parser.add_argument("--cuda-architectures", help="e.g. 80;90a; else that of the GPU at hand")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--merge", metavar="JSON", help="results of an earlier call, which the steps of this one replace")
    parser.add_argument("--results", metavar="JSON", help="file to write")
    return parser.parse_args()


def main():
    args = parse_arguments()
    gpu = None if args.without_gpu else environment.gpu()
    if gpu is None and not args.without_gpu:
        sys.exit("gpu_check.sh: nvidia-smi finds no GPU; --without-gpu runs what can run without one")
    if args.limit is None:
        args.limit = 570 if gpu else 7200
    report = Report(args, gpu)
    for step in steps.ALL:
        name = step.__name__
        if name in args.skip or (args.only and name not in args.only):
            continue
        report.run(name, step)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
