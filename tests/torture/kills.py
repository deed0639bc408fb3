"""Kills at random moments and at each fsync, rename, link and write: the old or the new file is whole, and the same command goes on
and ends with the bytes of an undisturbed run."""

import random
import shutil
import time

from harness import Reference
from scenarios import BIG, SCENARIOS

HOW = ("kill-before", "kill-half", "kill-after")
KINDS = ("write", "fsync", "rename", "link")
# Scenario -> kills at chosen calls and at random moments: (slice), (full).
SHARES = {
    "train": ((2, 0), (120, 60)),
    "prepare": ((1, 1), (80, 40)),
    "study": ((0, 0), (40, 20)),
    "train-big": ((0, 0), (16, 8)),
    "convert-big": ((0, 0), (50, 20)),
    "convert-big-back": ((0, 0), (40, 15)),
}


def kill(machine, reference, kind, at, how):
    """Kind "moment": after `at` seconds."""
    work = machine.fresh(reference.scenario)
    if kind == "moment":
        outcome = machine.run(work, reference.scenario.command, kill_after=at, kinds=",".join(KINDS))
        fell_into = outcome.in_call
    else:
        outcome = machine.run(work, reference.scenario.command, kinds=kind, at=at, do=how)
        fell_into = " ".join(outcome.struck or ()) if how == "kill-half" else ""
    killed = outcome.code == -9 and not outcome.hung
    faults = [] if killed or kind == "moment" else [f"not killed: {outcome.code} {outcome.error}"]
    faults += reference.torn(work) + reference.judge_going_on(work)
    shutil.rmtree(work)
    return killed, fell_into, faults


def plan(reference, o, chosen, moments):
    """Calls of the big files' writers first come in thousands: evenly spread, but each fsync, rename and link."""
    rare, writes = [], []
    for kind in KINDS:
        for at in range(1, sum(call[0] == kind for call in reference.calls) + 1):
            if kind == "write":
                writes.append((kind, at, "kill-half"))
            else:
                rare += [(kind, at, how) for how in ("kill-before", "kill-after")]
    rare = rare[::max(1, -(-len(rare) * 2 // max(chosen, 1)))] if len(rare) > chosen / 2 else rare
    rest = chosen - len(rare)
    writes = [writes[i * len(writes) // rest] for i in range(rest)] if rest > 0 and writes else []
    chance = random.Random(f"{o.seed} {reference.scenario.name}")
    return rare + writes + [("moment", round(chance.uniform(0, 1) * reference.seconds, 3), "") for _ in range(moments)]


def run(machine, o, tally):
    o.deadline = time.monotonic() + 60 * o.minutes
    tally.row("program", "kills", "within a write", "within fsync, rename or link", "ended before the kill")
    tally.row(*["---"] * 5)
    for scenario in SCENARIOS + BIG:
        chosen, moments = SHARES.get(scenario.name, ((0, 0), (0, 0)))[o.full]
        if not o.wants(scenario.name) or not (chosen or moments or o.reproduce):
            continue
        reference = Reference(machine, scenario)
        tasks = plan(reference, o, chosen, moments)
        if o.reproduce:
            kind, at, how = o.reproduce[2:5]
            tasks = [(kind, float(at) if kind == "moment" else int(at), how)]

        def attempt(task, reference=reference):
            killed, fell_into, faults = kill(machine, reference, *task)
            if faults:
                tally.fault(("kills", reference.scenario.name, task[0], task[1], task[2] or "-"), [fell_into, *faults])
            return killed, fell_into.split(" ")[0]

        results = tally.each(o, f"kills, {scenario.name}", tasks, attempt)
        within = [kind for killed, kind in results if killed and kind]
        tally.row(scenario.name, sum(killed for killed, _ in results), within.count("write"), len(within) - within.count("write"),
                  sum(not killed for killed, _ in results))
