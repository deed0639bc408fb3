"""Every call that touches a file, failing: one clean line that names the file, nothing torn, and the next run ends as if undisturbed."""

import errno
import shutil
import time

from harness import Reference
from scenarios import SCENARIOS

# What a call fails with. "short": half of the bytes are written, and from then on nothing: how a disk fills.
WAYS = {
    "open": [("error", errno.EMFILE)],
    "write": [("short", errno.ENOSPC), ("error", errno.EIO)],
    "fsync": [("error", errno.EIO)],
    "rename": [("error", errno.EIO)],
    "link": [("error", errno.EIO)],
    "unlink": [("error", errno.EIO)],
    "mkdir": [("error", errno.EDQUOT)],
    "ftruncate": [("error", errno.EIO)],
    "mmap": [("error", errno.ENOMEM), ("cut", 0)],
    "read": [("error", errno.EIO)],
    "readdir": [("error", errno.EIO)],
    "close": [("error", errno.EIO)],
}
# Largest sizes of files, for writes that go past the library: those of the C library's own buffers.
LIMITS = [0, 1, 60, 300, 1000, 3000, 10000, 30000, 100000, 300000]
MOST = 6  # calls of a kind to one file
STUDY_SHARE = 8  # of a study, which makes the calls of training many times over, every eighth
SLICE = 2  # runs of a scenario in the slice


def strike(machine, reference, kind, at, way, number):
    scenario, work = reference.scenario, machine.fresh(reference.scenario)
    if kind == "limit":
        settings = {"largest_file": at}
    else:
        settings = {"kinds": kind, "at": at, "do": way, "errno": number}
    if way == "short":
        settings["stick"] = 1
    outcome = machine.run(work, scenario.command, **settings)
    faults = reference.judge_failure(work, outcome)
    if not outcome.struck and kind != "limit":
        faults.append("the call was never made")
    if way == "cut":  # the file is no longer what it was
        faults = [fault for fault in faults if "torn" not in fault]
    elif outcome.code != 0:
        faults += reference.judge_going_on(work)
    shutil.rmtree(work)
    return outcome, faults


def chosen(reference, kind):
    """Numbers of the calls of a kind; of a long row of equal ones to one file (a checkpoint has a write for each tensor) some."""
    places = {}
    for number, path in enumerate((path for name, path in reference.calls if name == kind), 1):
        places.setdefault(path, []).append(number)
    return sorted({row[i * (len(row) - 1) // max(1, min(len(row), MOST) - 1)] for row in places.values() for i in range(min(len(row), MOST))})


def plan(reference, o):
    tasks = []
    for kind, ways in WAYS.items():
        if o.kind_list and kind not in o.kind_list:
            continue
        for way, number in ways:
            tasks += [(kind, at, way, number) for at in chosen(reference, kind)]
    if not o.kind_list or "limit" in o.kind_list:
        tasks += [("limit", size, "-", 0) for size in LIMITS]
    if o.reproduce:
        kind, at, way = o.reproduce[2:5]
        return [(kind, int(at), way, dict(WAYS.get(kind, [])).get(way, 0))]
    tasks = tasks[::STUDY_SHARE] if reference.scenario.name == "study" else tasks
    return tasks[::o.every if o.full else max(1, len(tasks) // SLICE)]


def run(machine, o, tally):
    o.deadline = time.monotonic() + 60 * o.minutes
    tally.row("program", *WAYS, "runs", "exit 0 all the same")
    tally.row(*["---"] * (len(WAYS) + 3))
    for scenario in SCENARIOS:
        if not o.wants(scenario.name) or (scenario.slow and not (o.full or o.only or o.reproduce)):
            continue
        reference = Reference(machine, scenario)

        def attempt(task, reference=reference):
            outcome, faults = strike(machine, reference, *task)
            if o.reproduce:
                print(outcome.story())
            if faults:
                tally.fault(("calls", reference.scenario.name, *task[:3]), [f"struck {outcome.struck}", *faults])
            return outcome.code

        codes = tally.each(o, f"calls, {scenario.name}", plan(reference, o), attempt)
        tally.row(scenario.name, *(sum(call[0] == kind for call in reference.calls) for kind in WAYS), len(codes), codes.count(0))
