#!/usr/bin/env python3
"""Kills Poster's programs, and lets their calls and allocations fail, one at a time; then looks at what they say and leave.

  tests/torture/run.py                  a slice, as CTest does: some seconds
  tests/torture/run.py --full           everything; writes a table. An hour or two on two cores
  tests/torture/run.py calls --only predict,report --kinds write,open --full
  tests/torture/run.py --reproduce calls predict write 17 error    one run, with what the program says

Faults are printed with the command that shows each again. Exit code 1 if there is one.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import allocations  # noqa: E402
import calls  # noqa: E402
import kills  # noqa: E402
import scenarios  # noqa: E402
from harness import Machine  # noqa: E402
from tally import Tally  # noqa: E402

PARTS = {"kills": kills, "calls": calls, "allocations": allocations}


def main():
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--full", action="store_true", help="every call and every site, and 500 kills")
    parser.add_argument("--only", default="", help="these scenarios: a,b")
    parser.add_argument("--kinds", default="", help="these kinds of calls: write,open")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of calls and sites, every N-th")
    parser.add_argument("--reproduce", nargs="+", metavar="WORD", help="the words that a fault is printed with")
    parser.add_argument("--build", default=root / "build", type=Path, help="the build folder (default: build)")
    parser.add_argument("--tmp", default=None, help="where to work (default: TMPDIR)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--minutes", type=float, default=1e9, help="each part stops after this time, and says what it left out")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of kills")
    parser.add_argument("--table", type=Path, help="a Markdown file to write the counts to")
    o = parser.parse_args()
    for part in o.parts:
        if part not in PARTS:
            parser.error(f"{part} is none of {', '.join(PARTS)}")
    folder = Path(tempfile.mkdtemp(prefix="poster-torture-", dir=o.tmp)).resolve()
    try:
        machine = Machine(o.build / "bin", o.build / "bin/tests/libposter_torture.so", folder, limit=60)
        machine.trace = bool(o.reproduce)
        parts = o.parts or ([o.reproduce[0]] if o.reproduce else list(PARTS))
        wanted = set(o.reproduce[1:2]) if o.reproduce else set(filter(None, o.only.split(",")))
        o.wants = lambda name: not wanted or name in wanted
        o.kind_list = list(filter(None, o.kinds.split(",")))
        scenarios.make_ground(machine, big="kills" in parts and (o.full or any("big" in name for name in wanted)))
        tally = Tally(o.table)
        for part in parts:
            PARTS[part].run(machine, o, tally)
        tally.finish()
        sys.exit(1 if tally.faults else 0)
    finally:
        if os.environ.get("TORTURE_KEEP"):
            print(f"Kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
