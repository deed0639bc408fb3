"""Every place that allocates, failing: one clean line and exit 1, or a result as if undisturbed; never a signal, never a hang."""

import shutil
import time

from harness import Reference
from scenarios import SCENARIOS, STEP

SLICE = 4


def strike(machine, reference, site, at, stick):
    work = machine.fresh(reference.scenario)
    settings = {"kinds": "alloc", "site": site, "at": at, "do": "error", "errno": 12}
    if stick:
        settings["stick"] = 1
    outcome = machine.run(work, reference.scenario.command, **settings)
    faults = reference.judge_failure(work, outcome)
    shutil.rmtree(work)
    return outcome, faults


def run(machine, o, tally):
    o.deadline = time.monotonic() + 60 * o.minutes
    tally.row("program", "sites", "allocations", "runs", "struck", "exit 0 all the same")
    tally.row(*["---"] * 6)
    for scenario in [s for s in SCENARIOS if s.name.startswith("inspect")] + STEP:
        if not o.wants(scenario.name):
            continue
        reference = Reference(machine, scenario)
        work = machine.fresh(scenario)
        lines = machine.run(work, scenario.command, kinds="alloc").log
        shutil.rmtree(work)
        sites = [(words[1], int(words[2])) for words in map(str.split, lines) if words[0] == "site"]
        # The first of each site and one in the middle; alone, and with all that follow.
        tasks = [(site, at, stick) for stick in (False, True) for site, count in sites for at in sorted({1, (count + 1) // 2})]
        if o.reproduce:
            tasks = [(o.reproduce[2], int(o.reproduce[3]), o.reproduce[4] == "stick")]
        else:
            tasks = tasks[::o.every if o.full else max(1, len(tasks) // SLICE)]

        def attempt(task, reference=reference):
            outcome, faults = strike(machine, reference, *task)
            if o.reproduce:
                print(outcome.story())
            if faults:
                tally.fault(("allocations", reference.scenario.name, *task[:2], "stick" if task[2] else "once"), faults)
            return outcome.code, outcome.struck is not None

        results = tally.each(o, f"allocations, {scenario.name}, {len(sites)} sites", tasks, attempt)
        tally.row(scenario.name, len(sites), sum(count for _, count in sites), len(results), sum(struck for _, struck in results),
                  sum(code == 0 for code, _ in results))
