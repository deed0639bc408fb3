"""Checks and measures Poster on a GPU, and writes one JSON with everything, as it comes. Without options it is the first of several calls
of less than ten minutes: what tells most comes first. It says at once which calls follow; each goes on from the results that the one
before has left in the build folder. Exits with 1 when a test, golden case, sanitizer, benchmark program or hash fails; what could not run
for want of a GPU or of time is listed as skipped."""

import argparse
import os
import sys

import environment
import steps
from report import Report

NEXT = {"first": ["pytorch", "sanitize", "rest"]}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(prog="gpu_check.sh", description=__doc__)
    names = [step.__name__ for step in steps.ALL]
    parser.add_argument("--without-gpu", action="store_true",
                        help="build and run what can run on a machine without a GPU, as a test of this script")
    parser.add_argument("--call", choices=list(steps.CALLS), default="first",
                        help="; ".join(f"{call}: {', '.join(s.__name__ for s in of)}" for call, of in steps.CALLS.items()))
    parser.add_argument("--only", nargs="+", choices=names, metavar="STEP", help=f"these steps alone, of: {', '.join(names)}")
    parser.add_argument("--skip", nargs="+", choices=names, default=[], metavar="STEP", help="all steps but these")
    parser.add_argument("--limit", type=float, help="seconds in all, 570 unless told; what is left over then is skipped")
    parser.add_argument("--build-dir", default="build-gpu")
    parser.add_argument("--bundle", default="build/gpu-bundle", help="what scripts/gpu_bundle.sh has collected")
    parser.add_argument("--cuda-architectures", help="e.g. 80;90a; else that of the GPU at hand")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--merge", metavar="JSON", help="results of an earlier call, which the steps of this one replace; else those in the "
                                                        "build folder, but for the first call")
    parser.add_argument("--results", metavar="JSON", help="file to write")
    args = parser.parse_args(arguments)
    args.go_on = args.call != "first" or bool(args.only)
    return args


def chosen_steps(args, gpu):
    if args.only:
        return [step for step in steps.ALL if step.__name__ in args.only]
    of_call = steps.CALLS[args.call] if gpu else steps.WITHOUT_GPU
    return [step for step in of_call if step.__name__ not in args.skip]


def main(arguments=None):
    args = parse_arguments(arguments)
    gpu = None if args.without_gpu else environment.gpu()
    if gpu is None and not args.without_gpu:
        sys.exit("gpu_check.sh: nvidia-smi finds no GPU; --without-gpu runs what can run without one")
    if args.limit is None:
        args.limit = 570 if gpu else 7200
    report = Report(args, gpu)
    if gpu and not args.only:
        report.next_commands = [f"scripts/gpu_check.sh --call {call}" for call in NEXT.get(args.call, [])]
    for command in report.next_commands:
        print(f"Next, while this machine is warm: {command}", flush=True)
    for step in chosen_steps(args, gpu):
        report.run(step.__name__, step)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
