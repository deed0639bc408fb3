#!/usr/bin/env python3
"""What the launches that launch_model counts would take on a named device, by a model of its rates; and after a measurement on that
device the two side by side. Every figure but the measured ones is an estimate.

    build/bin/bench/launch_model --out launches.json
    bench/roofline.py launches.json                               a table for each case, by category
    bench/roofline.py launches.json --ops 20                      and the ops that take most of it
    bench/roofline.py launches.json --missing                     what lies between each case and its target
    bench/roofline.py launches.json --measured RESULTS.json       beside the results of scripts/gpu_check.sh, the worst ratio first

A launch takes the longer of moving its bytes and computing its products, and a fixed time. Of each case three figures: the sum of all
launches, one after the other, is the upper bound; the longest path of launches that wait for each other, each with the device to itself,
is the lower one; the schedule lies between, with the streams side by side as the graph lets them."""

import argparse
import json
import math
import sys

# Of each device: seconds of a launch in a graph (gap, ramp and tail), bytes a second from memory, and from the L2 cache what takes less
# than `cached` bytes there; TFLOP/s of tensor cores in 16 bits by tile of a product; of convolutions by the fewer of their channels,
# forward, and the share of it that the other passes reach; of attention. No measurement has been made yet: the rates stay as they
# were first put down until one is.
DEVICES = {
    "H200": {
        "multiprocessors": 132,
        "launch": 2.2e-6, "memory": 4.0e12, "cache": 6.0e12, "cached": 40e6,
        "host": 50e9, "copy_to_device": 6e-6, "copy_to_host": 8e-6,
        "product_tiles": [(128, 256, 640), (128, 128, 520), (128, 64, 380), (64, 64, 230), (64, 32, 120)],
        "convolution": {3: 40, 64: 340, 128: 480, 256: 580, 512: 600, 768: 620},
        "data_gradient": 0.9, "strided_data_gradient": 0.5, "weight_gradient": 0.7,
        "attention": 170, "biased_attention": 110, "attention_backward": 0.8,
    }
}

# Milliseconds that are aimed at.
TARGETS = {("sam_step", 64): 17.0, ("sam_step", 144): 38.0, ("inference", 256): 9.0, ("inference", 1): 0.35}

CATEGORIES = {
    "conv2d_forward": "convolution, forward", "conv2d_backward_data": "convolution, data gradient",
    "conv2d_backward_weights": "convolution, weight gradient", "matmul": "matrix products", "depthwise_conv2d": "depthwise",
    "batch_norm": "batch norm", "layer_norm": "layer norm", "attention": "attention", "window_attention": "attention",
    "prelu": "PReLU", "gelu": "GELU", "residual": "residual", "add": "add", "column_sum": "column sum",
    "adam_step": "optimizer", "sgd_step": "optimizer", "sam_ascent": "optimizer", "squared_norm": "optimizer",
    "augment_images": "input", "cast": "input",
}


def category(name):
    """By the longest beginning of the op's name that is listed."""
    found = max((key for key in CATEGORIES if name.startswith(key)), key=len, default=None)
    return CATEGORIES[found] if found else "small ops"


class Part:
    """What one kernel does: bytes, and floating-point operations at so many TFLOP/s, on that share of the multiprocessors. extra: launches
    of a library that are guessed."""

    def __init__(self, label, moved, flops=0.0, rate=0.0, extra=0, fills=1.0):
        self.label, self.moved, self.flops, self.rate, self.extra, self.fills = label, moved, flops, rate, extra, fills

    def segment(self, device):
        bandwidth = device["cache"] if self.moved < device["cached"] else device["memory"]
        memory, tensor = self.moved / bandwidth, self.flops / (self.rate * 1e12) if self.flops else 0.0
        seconds = max(memory, tensor)
        if seconds == 0:
            return Segment(0.0)
        # Products know how fast they take bytes; what is bound by memory alone asks for no more than its blocks can take.
        return Segment(seconds, memory / seconds * (1 if self.flops else self.fills), tensor / seconds * self.fills)

    def seconds(self, device, launches):
        return self.segment(device).seconds + (launches + self.extra) * device["launch"]


class Segment:
    """A stretch of an op's time, if it has the device to itself, and the shares of memory's bandwidth and of the tensor cores that it
    takes then. A launch's fixed time takes neither."""

    def __init__(self, seconds, memory=0.0, tensor=0.0):
        self.seconds, self.memory, self.tensor = seconds, memory, tensor


def schedule(ops):
    """When ops run at once. ops: (segments, stream, earlier ops that it waits for) in an order in which they could run. Returns the seconds
    until all are done, and of each op those that are its own: a moment is divided among those that use the device, by how much they
    use of it, and where none does, among all whose launches pass; these moments once more.

    The rule: an op starts as soon as all that it waits for are done. What runs at once shares the bandwidth and the tensor cores. The main
    stream, 0, has priority and takes the shares that it would have alone; each after it, the earliest first, takes what is left,
    and is as much slower as it gets less. So two that are bound by memory take the sum of their times, a small one that can't fill the
    device runs in the shadow of another, and a convolution and a norm overlap as far as the convolution leaves bandwidth. That blocks
    of both find room on the multiprocessors is assumed: the schedule is hopeful there, the sum is not."""
    waits = [len(after) for _, _, after in ops]
    followers = [[] for _ in ops]
    for number, (_, _, after) in enumerate(ops):
        for earlier in after:
            followers[earlier].append(number)
    now, own, waited = 0.0, [0.0] * len(ops), [0.0] * len(ops)
    running = {}  # op: its segments to come, the first with the seconds that are left of it

    def start(number):
        segments = [s for s in ops[number][0] if s.seconds > 0]
        if segments:
            running[number] = [segments, 0, segments[0].seconds]
        else:
            finish(number)

    def finish(number):
        for follower in followers[number]:
            waits[follower] -= 1
            if waits[follower] == 0:
                start(follower)

    for number in [n for n, count in enumerate(waits) if count == 0]:
        start(number)
    while running:
        memory = tensor = 1.0
        speeds, use = {}, {}
        for number in sorted(running, key=lambda n: (ops[n][1] != 0, n)):
            segments, at, _ = running[number]
            segment, speed = segments[at], 1.0
            if segment.memory > 0:
                speed = min(speed, memory / segment.memory)
            if segment.tensor > 0:
                speed = min(speed, tensor / segment.tensor)
            memory, tensor = max(0.0, memory - speed * segment.memory), max(0.0, tensor - speed * segment.tensor)
            speeds[number], use[number] = speed, speed * max(segment.memory, segment.tensor)
        step = min(running[n][2] / speed for n, speed in speeds.items() if speed > 1e-9)
        now += step
        used = sum(use.values())
        for number, speed in speeds.items():
            own[number] += step * (use[number] / used if used > 0 else 1 / len(use))
            waited[number] += step / len(use) if used == 0 else 0.0
            work = running[number]
            work[2] -= step * speed
            if work[2] > 1e-15:
                continue
            work[1] += 1
            if work[1] < len(work[0]):
                work[2] = work[0][work[1]].seconds
            else:
                del running[number]
                finish(number)
    return now, own, waited


def longest_path(ops):
    ends = []
    for segments, _, after in ops:
        ends.append(sum(s.seconds for s in segments) + max((ends[earlier] for earlier in after), default=0.0))
    return max(ends, default=0.0)


def product_rate(device, m, n, k):
    """TFLOP/s, and the share of the multiprocessors that are busy, with the best tile: how many of the multiprocessors its blocks keep busy, in how many waves, with split sums where there are few."""
    sms, best = device["multiprocessors"], (0.0, 0.0)
    for tile_m, tile_n, peak in device["product_tiles"]:
        tiles = math.ceil(m / tile_m) * math.ceil(n / tile_n)
        busy = tiles / (math.ceil(tiles / sms) * sms)
        used = (m * n) / (math.ceil(m / tile_m) * tile_m * math.ceil(n / tile_n) * tile_n)
        if tiles < sms // 2 and k >= 512:
            busy = min(1, tiles * min(sms // tiles, max(1, k // 256)) / sms)
        best = max(best, (peak * busy * used * min(1, k / (k + 192)), busy))
    return best


class Op:
    """One op of launch_model's list."""

    def __init__(self, entry):
        self.entry, self.name, self.flops = entry, entry["op"], entry["flops"]
        self.launches = len(entry["launches"])
        self.libraries = sum("library" in launch for launch in entry["launches"])
        self.operands = {operand["name"]: operand for operand in entry["operands"]}
        self.there = {name for name, operand in self.operands.items() if operand["least_bytes"] > 0}
        self.least = sum(operand["least_bytes"] for operand in entry["operands"])
        self.moved = sum(operand["moved_bytes"] for operand in entry["operands"])

    def dims(self, name):
        return self.operands[name]["dims"]

    def bytes(self, *names):
        return sum(self.operands[name]["least_bytes"] for name in names)

    def launched(self, kernel):
        return sum(launch.get("kernel") == kernel for launch in self.entry["launches"])

    def parts(self, device):
        if self.name.startswith("conv2d_"):
            return self.convolution(device)
        if self.name == "matmul":
            return self.product(device)
        if self.name.startswith(("attention_", "window_attention_")) and self.launches > 0:
            return self.attention(device)
        # Passes over its maps: as many large kernels as the map that is gone over most often has passes, and the rest is small.
        passes = max([1] + [round(o["moved_bytes"] / o["least_bytes"]) for o in self.entry["operands"] if o["least_bytes"] > 0])
        blocks = max((launch.get("blocks", 0) for launch in self.entry["launches"]), default=0)
        return [Part(self.name, self.moved / passes, fills=min(1, blocks / device["multiprocessors"]) if blocks else 1)] * passes

    def convolution(self, device):
        x, w, y = {"conv2d_forward": ("x", "w", "y"), "conv2d_forward_eval": ("x", "w", "y"), "conv2d_backward_data": ("dx", "w", "dy"),
                   "conv2d_backward_weights": ("x", "dw", "dy")}[self.name]
        batch, side, _, c_in = self.dims(x)
        c_out, kernel = self.dims(w)[0], self.dims(w)[1]
        out_side = self.dims(y)[1]
        fewer = min(c_in, c_out)
        base = device["convolution"].get(fewer, device["convolution"][256])
        weight_bytes = self.operands[y]["element_bytes"] * math.prod(self.dims(w))
        moved = self.bytes(x, y) + weight_bytes + (self.bytes("residual") if "residual" in self.there else 0)
        if self.name == "conv2d_backward_weights":
            # 16-bit sums are widened to float by a kernel of their own.
            widened = [Part("widen", weight_bytes + self.bytes(w))] * self.launched("widen")
            return [Part(self.name, moved if widened else self.moved, self.flops, base * device["weight_gradient"])] + widened
        forward = self.name.startswith("conv2d_forward")
        rate = base if forward else base * (device["data_gradient"] if side == out_side else device["strided_data_gradient"])
        rows, columns, depth = (out_side ** 2, c_out, c_in) if forward else (side ** 2, c_in, c_out)
        tiles = math.ceil(batch * rows / 128) * math.ceil(columns / min(columns, 128))
        sms = device["multiprocessors"]
        busy = tiles / (math.ceil(tiles / sms) * sms)
        if tiles < sms:
            busy = min(1, busy * min(8, max(1, depth * kernel * kernel // 512))) * 0.9
        return [Part(self.name, moved, self.flops, max(rate * busy, 1), fills=busy)]

    def product(self, device):
        m, n = self.dims("c")
        k = math.prod(self.dims("a")) // m
        # A gradient of weights is summed in parts by most algorithms that keep an order, and those are added by a kernel of the library.
        gradient = self.operands["c"]["element_bytes"] > self.operands["a"]["element_bytes"]
        rate, busy = product_rate(device, m, n, k)
        return [Part(self.name, self.moved, self.flops, rate, extra=1 if gradient else 0, fills=busy)]

    def attention(self, device):
        windows = self.name.startswith("window_")
        backward = self.name.endswith("backward")
        items, heads, queries = self.dims("lse")
        keys, size = queries if windows else self.dims("k")[1], self.dims("out")[-1] // heads
        if queries == 1:
            return [Part(self.name, self.moved)]
        base = 2.0 * items * heads * queries * keys * size
        padded = (math.ceil(queries / 64) * 64 * math.ceil(keys / 64) * 64) / (queries * keys)
        blocks = items * heads * math.ceil(queries / 64)
        rate = device["biased_attention"] if windows else device["attention"] * size / (size + 24)
        busy = min(1, blocks / (device["multiprocessors"] * 3))
        rate = max(5, rate * busy * (device["attention_backward"] if backward else 1))
        half = self.operands["out"]["element_bytes"]
        once = items * (2 * queries + 2 * keys) * heads * size * half  # q, k, v and out
        if not backward:
            return [Part(self.name, once, 2 * base * padded, rate, fills=busy)]
        parts = [Part("delta", 2 * items * queries * heads * size * half, fills=busy),
                 Part("keys", 2 * once, 4 * base * padded, rate, fills=busy)]
        if "dq" in self.there:
            parts.append(Part("queries", 2 * once, 3 * base * padded, rate, fills=busy))
        if windows:
            parts.append(Part("strips", min(items, 64) * heads * math.ceil(keys / 64) * (queries + 64) * 8))
        return parts

    def segments(self, device):
        """The small kernels of an op (sums of partial sums) take the fixed time alone."""
        parts = self.parts(device)
        segments = []
        for part in parts[:max(1, self.launches)]:
            segments += [Segment((1 + part.extra) * device["launch"]), part.segment(device)]
        return segments + [Segment(max(0, self.launches - len(parts)) * device["launch"])]

    def seconds(self, device):
        return sum(segment.seconds for segment in self.segments(device))

    def below_best(self, device):
        """Seconds that its products take for not reaching the rate of the best of their kind."""
        kind = "attention" if "attention" in self.name else "product"
        best = {"attention": device["attention"], "product": device["product_tiles"][0][2]}[kind] * 1e12
        return sum(max(0.0, part.flops / (part.rate * 1e12) - part.flops / best) for part in self.parts(device) if part.flops)

    def guessed(self, device):
        return sum(part.extra for part in self.parts(device))

    def traffic(self, device):
        return sum(part.moved for part in self.parts(device))


class Case:
    """One case of launch_model's list, with the time of each op on a device."""

    def __init__(self, case, device):
        self.task, self.batch, self.device = case["task"], case["batch"], device
        self.nodes, self.longest_nodes = case["nodes"], case["longest_path"]
        kinds = [Op(entry) for entry in case["ops"]]
        self.times = [op.seconds(device) for op in kinds]
        self.sequence = [(kinds[i], self.times[i]) for i in case["sequence"]]
        segments = [op.segments(device) for op in kinds]
        self.graph = [(segments[i], stream, after) for i, stream, after in zip(case["sequence"], case["streams"], case["after"])]
        self.scheduled, self.own, self.waited = schedule(self.graph)
        self.copies = 0.0
        if case["from_host_bytes"]:
            self.copies = case["from_host_bytes"] / device["host"] + device["copy_to_device"] + device["copy_to_host"]

    def seconds(self):
        return self.scheduled + self.copies

    def one_after_the_other(self):
        return sum(time for _, time in self.sequence) + self.copies

    def critical(self):
        return longest_path(self.graph) + self.copies

    def sums(self, key):
        table = {}
        for (op, time), own, waited in zip(self.sequence, self.own, self.waited):
            row = table.setdefault(key(op), {"seconds": 0.0, "scheduled": 0.0, "waited": 0.0, "passes": 0.0, "rates": 0.0, "ops": 0, "launches": 0, "guessed": 0, "least": 0.0, "moved": 0.0, "flops": 0.0})
            row["seconds"] += time
            row["scheduled"] += own
            row["waited"] += waited
            row["passes"] += max(0.0, op.moved - op.least) / self.device["memory"]
            row["rates"] += op.below_best(self.device)
            row["ops"] += 1
            row["launches"] += op.launches
            row["guessed"] += op.guessed(self.device)
            row["least"] += op.least
            row["moved"] += op.traffic(self.device)
            row["flops"] += op.flops
        return dict(sorted(table.items(), key=lambda item: -item[1]["seconds"]))

    def total(self):
        return next(iter(self.sums(lambda op: "all").values()))

    def summary(self):
        total = self.total()
        return {"task": self.task, "batch": self.batch, "ms": self.seconds() * 1e3, "ms_one_after_the_other": self.one_after_the_other() * 1e3,
                "ms_longest_path": self.critical() * 1e3, "nodes": self.nodes, "nodes_longest_path": self.longest_nodes, "launches": total["launches"],
                "launches_guessed": total["guessed"], "gb_least": total["least"] / 1e9, "gb_moved": total["moved"] / 1e9,
                "gflop": total["flops"] / 1e9}


def print_rows(rows):
    for name, row in rows.items():
        guessed = f"+{row['guessed']}" if row["guessed"] else ""
        print(f"  {name:32} {row['seconds'] * 1e3:9.3f} {row['scheduled'] * 1e3:9.3f} {row['launches']:6}{guessed:5} {row['least'] / 1e9:9.3f} {row['moved'] / 1e9:9.3f} "
              f"{row['flops'] / 1e9:9.1f}")


def print_case(case, ops):
    total = case.total()
    print(f"\n{case.task}, batch {case.batch}: {case.seconds() * 1e3:.2f} ms estimated with the streams side by side; "
          f"{case.one_after_the_other() * 1e3:.2f} one launch after the other, {case.critical() * 1e3:.2f} on the longest path. {case.nodes} nodes, "
          f"{case.longest_nodes} on the longest path; {total['launches']} launches (and about {total['guessed']} more within cuBLASLt), {total['least'] / 1e9:.1f} GB where each map is read and written once, "
          f"{total['moved'] / 1e9:.1f} GB in the kernels' passes, {total['flops'] / 1e9:.0f} GFLOP")
    print(f"  {'':32} {'ms, sum':>9} {'scheduled':>9} {'launches':>11} {'GB least':>9} {'GB moved':>9} {'GFLOP':>9}")
    print_rows(case.sums(lambda op: category(op.name)))
    if case.copies:
        print(f"  {'copies from and to the host':32} {case.copies * 1e3:9.3f} {case.copies * 1e3:9.3f}")
    if ops:
        print("  ops that take most:")
        print_rows(dict(list(case.sums(lambda op: f"{op.name} {op.entry['signature']}").items())[:ops]))


def missing(cases):
    """What lies between the schedules and the targets, and where it may come from, as a table: a row for each category."""
    cases = [case for case in cases if (case.task, case.batch) in TARGETS]
    sums = [case.sums(lambda op: category(op.name)) for case in cases]
    ms = [case.seconds() * 1e3 for case in cases]
    targets = [TARGETS[case.task, case.batch] for case in cases]
    names = sorted({name for rows in sums for name in rows}, key=lambda name: -sum(rows[name]["scheduled"] for rows in sums if name in rows))
    lines = ["| ms | " + " | ".join(f"{case.task}, batch {case.batch}" for case in cases) + " |", "|---|" + "---|" * len(cases)]

    def add(name, cells):
        lines.append(f"| {name} | " + " | ".join(cells) + " |")

    def cell(row):
        if row is None:
            return ""
        parts = [f"{row[key] * 1e3:.2f} {name}" for key, name in (("waited", "launches"), ("passes", "passes"), ("rates", "rate"))]
        parts = [part for part in parts if not part.startswith("0.00")]
        return f"{row['scheduled'] * 1e3:.2f}" + (f" ({', '.join(parts)})" if parts else "")

    for name in names:
        add(name, [cell(rows.get(name)) for rows in sums])
    add("copies from and to the host", [f"{case.copies * 1e3:.2f}" if case.copies else "" for case in cases])
    add("all", [f"{now:.2f}" for now in ms])
    add("target", [f"{target:.2f}" for target in targets])
    add("missing", [f"{max(0.0, now - target):.2f}" for now, target in zip(ms, targets)])
    return lines


def measured_case(results, case, precision):
    """Of the ways a case was timed: inference as the predictor does it, steps back to back from one graph."""
    for r in results["steps"].get("end_to_end", {}).get("results", []):
        task = "prediction" if case.task == "inference" else case.task
        if (r["task"], r["batch"], r["precision"]) == (task, case.batch, precision):
            if case.task == "inference" or (r["pipelined"] and r["graphs"] and r["input"] == "device"):
                return r["ms"]
    return None


def compare(cases, results, precision):
    """Rows of modelled and measured, the worst ratio first: whole cases, then ops by what they are called with."""
    print("\ncases, ms: estimated, measured, ratio")
    for case in cases:
        ms = measured_case(results, case, precision)
        print(f"  {case.task}, batch {case.batch}: {case.seconds() * 1e3:.2f}, "
              + (f"{ms:.2f}, {ms / (case.seconds() * 1e3):.2f}" if ms else "not measured"))
    run = (results["steps"].get("kernels", {}).get("runs") or {}).get(precision)
    measured = {(r["name"].split("/")[0], r["operands"]): r["us"] for r in (run or {"results": []})["results"] if "us" in r and "operands" in r}
    rows = compared_ops(cases, measured)
    if not rows:
        print("no op of these cases was measured by itself")
        return
    print("\nops that were measured by themselves, with cold caches; us: estimated, measured, ratio; what the difference is worth in its case")
    for row in rows:
        print(f"  {row['ratio']:6.2f}  {row['modelled']:9.1f} {row['measured']:9.1f}  {row['count']:3} times, {row['difference_ms']:+7.3f} ms in "
              f"{row['case']}: {row['op']} {row['signature']}")


def compared_ops(cases, measured):
    rows = []
    for case in cases:
        counts = {}
        for op, time in case.sequence:
            key = (op.name, op.entry["signature"])
            counts[key] = (counts.get(key, (0, 0))[0] + 1, time)
        for key, (count, time) in counts.items():
            if key in measured:
                rows.append({"op": key[0], "signature": key[1], "case": f"{case.task} {case.batch}", "count": count, "modelled": time * 1e6,
                             "measured": measured[key], "ratio": measured[key] / (time * 1e6),
                             "difference_ms": count * (measured[key] - time * 1e6) / 1e3})
    return sorted(rows, key=lambda row: -row["ratio"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("launches", help="what launch_model --out has written")
    parser.add_argument("--device", choices=sorted(DEVICES), default="H200")
    parser.add_argument("--ops", type=int, default=0, metavar="N", help="the N ops of each case that take most")
    parser.add_argument("--missing", action="store_true", help="instead: by category what lies between each case and its target")
    parser.add_argument("--measured", metavar="JSON", help="results of scripts/gpu_check.sh on that device")
    parser.add_argument("--summary", metavar="JSON", help="file to write the cases' totals to")
    args = parser.parse_args()
    with open(args.launches) as file:
        counted = json.load(file)
    if counted["precision"] != "fp16":
        sys.exit(f"roofline.py: {args.launches} is of {counted['precision']}, and the rates are those of fp16")
    device = DEVICES[args.device]
    cases = [Case(case, device) for case in counted["cases"]]
    print(f"{counted['model']} in {counted['precision']} on {args.device}: estimates")
    if args.missing:
        print("\nMilliseconds of the schedule, and what of a category might be saved: launches' fixed times in which nothing computes, passes over an "
              "operand\nbeyond the first, and what products lose below the best rate.\n", *missing(cases), sep="\n")
    else:
        for case in cases:
            print_case(case, args.ops)
    if args.summary:
        with open(args.summary, "w") as file:
            json.dump({"modelled": {"device": args.device, "model": counted["model"], "cases": [case.summary() for case in cases]}}, file, indent=1)
    if args.measured:
        with open(args.measured) as file:
            compare(cases, json.load(file), counted["precision"])


if __name__ == "__main__":
    main()
