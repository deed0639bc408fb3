#!/usr/bin/env python3
"""Writes the tables of GPU figures of docs/performance.md from a results file of scripts/gpu_check.sh, between the two marker comments.

    scripts/results_table.py bench/results/<date>-<device>.json [docs/performance.md]

Before there are any: what the model says, from the file of bench/roofline.py --summary, marked as such."""

import json
import sys

BEGIN, END = "<!-- gpu results: begin -->", "<!-- gpu results: end -->"
# Task, batch, and whether a batch is submitted before the results of the one before are there.
CASES = [("sam_step", 64, True), ("sam_step", 144, True), ("prediction", 1, False), ("prediction", 256, False), ("inference", 1, False),
         ("inference", 1, True), ("inference", 64, True), ("inference", 256, True)]
NAMES = {"sam_step": "SAM step", "inference": "evaluation", "prediction": "prediction, images from the host"}
OURS = [("fp16", "ours, fp16"), ("tf32", "ours, TF32"), ("fp32", "ours, fp32")]
PEERS = [("eager", "PyTorch eager, AMP"), ("compile", "torch.compile"), ("graphs", "torch.compile, CUDA graphs"),
         ("max-autotune", "torch.compile, max-autotune")]


def ours(data, task, batch, pipelined, precision):
    """Of the ways a case was timed: graphs, images on the device."""
    for r in [r for step in ("end_to_end", "other_precisions") for r in data["steps"].get(step, {}).get("results", [])]:
        if (r["task"], r["batch"], r["precision"], r["pipelined"]) == (task, batch, precision, pipelined):
            if r["graphs"] and r["input"] == ("host" if task == "prediction" else "device"):
                return r
    return None


def peer(data, task, batch, pipelined, mode, precision="fp16"):
    task = "inference" if task == "prediction" else task  # its images lie on the device
    for r in data["steps"].get("pytorch", {}).get("results", []):
        if (r["task"], r["batch"], r["mode"], r["precision"], r["pipelined"]) == (task, batch, mode, precision, pipelined):
            return r
    return None


def milliseconds(result):
    return "–" if result is None else f"{result['ms']:.3g}" if result["ms"] < 100 else f"{result['ms']:.0f}"


def gibibytes(result):
    return "–" if result is None or "device_bytes" not in result else f"{result['device_bytes'] / 2**30:.1f}"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def modelled(data, task, batch):
    """Of a case: what bench/roofline.py gives, with the streams side by side."""
    task = "inference" if task == "prediction" else None if task == "inference" else task
    for case in (data["steps"].get("model", {}).get("modelled") or {"cases": []})["cases"]:
        if (case["task"], case["batch"]) == (task, batch):
            return case
    return None


def model_table(model):
    """Where nothing is measured yet."""
    rows = [[f"{NAMES['prediction' if c['task'] == 'inference' else c['task']]}, batch {c['batch']}", f"{c['ms']:.2f}",
             f"{c['ms_one_after_the_other']:.2f}", "not yet", str(c["nodes"]), str(c["nodes_longest_path"]),
             f"{c['gb_least']:.2f}", f"{c['gb_moved']:.2f}", f"{c['gflop']:,.0f}".replace(",", " ")] for c in model["cases"]]
    return "\n".join([
        f"**Nothing about speed on a GPU has been measured yet**: `scripts/gpu_check.sh` does it on a machine that has one. The milliseconds here are "
        f"**modelled**, for one {model['device']} in fp16 (`bench/roofline.py`): with the graph's streams side by side, sharing the device, "
        "and as an upper bound one launch after the other. Nodes of the graph, bytes and operations are counted from the code "
        "(`bench/launch_model.cpp`).", "",
        *table(["", "ms, modelled", "ms, modelled, one launch after the other", "ms, measured", "nodes", "on the longest path",
                "GB, each operand once", "GB, in the kernels' passes", "GFLOP"], rows)])


def time_tables(data):
    modes = [(mode, name) for mode, name in PEERS if any(peer(data, *case, mode) for case in CASES)]
    times, memory = [], []
    for task, batch, pipelined in CASES:
        own = [ours(data, task, batch, pipelined, precision) for precision, _ in OURS]
        peers = [peer(data, task, batch, pipelined, mode) for mode, _ in modes]
        measured = [p["ms"] for p in peers if p]
        ratio = f"{min(measured) / own[0]['ms']:.2f}" if measured and own[0] else "–"
        images = f"{own[0]['images_per_s']:,.0f}".replace(",", " ") if own[0] else "–"
        name = f"{NAMES[task]}, batch {batch}" + ("" if pipelined else ", latency")
        estimate = modelled(data, task, batch) if pipelined or task == "prediction" else None
        times.append([name, *map(milliseconds, own), milliseconds(estimate), milliseconds(estimate and {"ms": estimate["ms_one_after_the_other"]}),
                      *map(milliseconds, peers), ratio, images])
        if pipelined:
            memory.append([name, *map(gibibytes, own), *map(gibibytes, peers)])
    columns = [""] + [name for _, name in OURS] + [name for _, name in modes]
    timed = columns[:1 + len(OURS)] + ["ours, fp16, modelled", "modelled, one launch after the other"] + columns[1 + len(OURS):]
    return table(timed + ["best PyTorch / ours fp16", "ours fp16, images/s"], times), table(columns, memory)


def kernel_table(data):
    """The ops that are furthest from their ceiling, of those that take long."""
    run = (data["steps"].get("kernels", {}).get("runs") or {}).get("fp16")
    if not run:
        return []
    slow = [r for r in run["results"] if "us" in r and r["us"] >= 20]
    rows = [[r["name"], f"{r['us']:.0f}", f"{r['of_ceiling']:.2f}"] for r in sorted(slow, key=lambda r: r["of_ceiling"])[:10]]
    context = run["context"]
    ceilings = (f"{float(context['ceiling_GB_per_s']) / 1e3:.2f} TB/s and "
                f"{float(context['ceiling_GFLOP_per_s']) / 1e3:.0f} TFLOP/s")
    return ["", f"Kernels furthest from their ceiling (fp16, batch {context['batch']}, of those over 20 µs; {ceilings} measured):",
            ""] + table(["op", "µs", "of the ceiling"], rows)


def checks(data):
    """One line for each step that proves something."""
    steps, lines = data["steps"], []
    if "tests" in steps:
        t = steps["tests"]
        lines.append(f"tests {t['status']}: {t.get('passed', 0)} passed, {len(t.get('failed', []))} failed, "
                     f"{t.get('skipped_count', 0)} skipped")
    for name, what in (("golden", "golden cases, the first"), ("golden_rest", "golden cases, the rest")):
        if name in steps:
            g = steps[name]
            lines.append(f"{what}, {g['status']}: {sum(c['ok'] for c in g.get('cases', []))} of {len(g.get('cases', []))}")
    if "sanitize" in steps:
        s = steps["sanitize"]
        runs = s.get("runs", [])
        lines.append(f"compute-sanitizer {s['status']}: {sum(r['status'] == 'passed' for r in runs)} of {len(runs)} runs without errors")
    for run in [r for step in ("determinism", "determinism_float") for r in steps.get(step, {}).get("runs", [])]:
        lines.append(f"{run['runs']} runs of {run['steps']} steps in {run['precision']}: "
                     + ("equal bits" if run["equal"] else f"{len(run['hashes'])} different results"))
    return [f"- {line}" for line in lines]


def render(data, name):
    if "steps" not in data and "modelled" in data:
        return model_table(data["modelled"])
    if not data.get("gpu"):
        sys.exit(f"results_table.py: {name} holds no results of a GPU")
    gpu, versions, pytorch = data["gpu"], data["versions"], data["steps"].get("pytorch", {})
    times, memory = time_tables(data)
    peers = f", PyTorch {pytorch['torch']} with cuDNN {pytorch['cudnn']}" if "torch" in pytorch else ""
    return "\n".join([
        f"{gpu['name']}, driver {gpu['driver_version']}, nvcc {versions['nvcc']}{peers}; {data['date']}, commit {data['commit']}. "
        f"All figures: `{name}`; measured but for the columns that say modelled (`bench/roofline.py`). Milliseconds from one result to the next, images on the device; PyTorch in channels-last, fp16 (training: AMP).",
        "", *times, "", "Device memory, GiB:", "", *memory, *kernel_table(data), "", *checks(data)])


def replace(readme, text):
    begin, end = readme.find(BEGIN), readme.find(END)
    if begin < 0 or end < begin:
        sys.exit(f"results_table.py: the file has no lines {BEGIN} and {END}")
    return readme[: begin + len(BEGIN)] + "\n" + text + "\n" + readme[end:]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    results, path = sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else "docs/performance.md"
    with open(results) as file:
        data = json.load(file)
    with open(path) as file:
        readme = file.read()
    text = replace(readme, render(data, results))
    with open(path, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
