"""Times the PyTorch peer (poster_v2.py) on a GPU: SAM steps and inference, eager, compiled, and compiled with CUDA graphs.

    python bench/peer/benchmark.py --out results.json

Each mode and task runs in a process of its own with a time limit; what was measured before the limit is kept, the rest is
listed as skipped. Images lie on the device. Layout: channels-last. In fp16, training is automatic mixed precision with
GradScaler, inference has weights and maps of 16 bits. Median times from one result to the next: "pipelined" without waiting
in between, else with a synchronisation after each batch.
"""

import argparse
import json
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

from poster_v2 import PosterV2

MODES = {
    "eager": None,
    "compile": {"mode": "default"},
    "graphs": {"mode": "reduce-overhead"},
    "max-autotune": {"mode": "max-autotune"},
}


class FastSam:
    """SAM around a fused optimizer, with as few launches as PyTorch offers."""

    def __init__(self, model, device, amp):
        self.model, self.parameters = model, [p for p in model.parameters() if p.requires_grad]
        # The optimizer leaves alone what never gets a gradient.
        self.base = torch.optim.Adam(self.parameters, lr=3.5e-5, fused=device == "cuda")
        self.saved = [torch.empty_like(p) for p in self.parameters]
        self.scaler = torch.amp.GradScaler(device, enabled=amp)

    @torch.no_grad()
    def ascend(self):
        # A loss scale in the gradients cancels.
        gradients = [p.grad for p in self.parameters]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        torch._foreach_copy_(self.saved, self.parameters)
        torch._foreach_add_(self.parameters, torch._foreach_mul(gradients, 0.05 / (norm + 1e-12)))

    @torch.no_grad()
    def update(self):
        torch._foreach_copy_(self.parameters, self.saved)
        self.scaler.step(self.base)
        self.scaler.update()


def precision_settings(precision):
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True
    return {
        "layout": "channels_last",
        "matmul_tf32": torch.backends.cuda.matmul.allow_tf32,
        "cudnn_tf32": torch.backends.cudnn.allow_tf32,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
    }


def make_step(task, batch, mode, precision, device):
    """A function that runs one batch and returns nothing that must be waited for."""
    torch.manual_seed(1)
    model = PosterV2().to(device=device, memory_format=torch.channels_last)
    images = torch.randn(batch, 3, 224, 224, device=device).to(memory_format=torch.channels_last)
    labels = torch.arange(batch, device=device) % 7
    options = MODES[mode]
    half = precision == "fp16"
    if task == "inference":
        model.eval()
        if half:
            model, images = model.half(), images.half()
        run = torch.compile(model, dynamic=False, **options) if options else model

        def infer():
            with torch.inference_mode():
                run(images)

        return infer

    model.train()
    run = torch.compile(model, dynamic=False, **options) if options else model
    sam = FastSam(model, device, half)

    def step():
        for second in (False, True):
            if options:
                torch.compiler.cudagraph_mark_step_begin()
            model.zero_grad(set_to_none=True)
            with torch.autocast(device, dtype=torch.float16, enabled=half):
                loss = F.cross_entropy(run(images), labels)
            sam.scaler.scale(loss).backward()
            sam.update() if second else sam.ascend()

    return step


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def measure(step, device, seconds, pipelined):
    """Milliseconds from one result to the next. Pipelined: two batches are on their way, as in our own benchmark."""
    begin, times, marks = time.perf_counter(), [], []
    last = begin
    while len(times) < 5 or last - begin < seconds:
        step()
        if device == "cuda":
            marks.append(torch.cuda.Event())
            marks[-1].record()
            if len(marks) == 1 and pipelined:
                continue
            marks[-2 if pipelined else -1].synchronize()
        now = time.perf_counter()
        times.append(1e3 * (now - last))
        last = now
    synchronize(device)
    return sorted(times[1:])


def summary(times, batch):
    def at(share):
        return times[int(share * (len(times) - 1))]

    return {"ms": at(0.5), "ms_10": at(0.1), "ms_90": at(0.9), "images_per_s": 1e3 * batch / at(0.5), "repeats": len(times)}


def worker(args):
    """One mode and task, all batch sizes; a line of JSON for each result."""
    settings = precision_settings(args.precision)
    cuda = args.device == "cuda"
    for batch in args.batches:
        free = torch.cuda.mem_get_info()[0] if cuda else 0
        start = time.perf_counter()
        step = make_step(args.task, batch, args.mode, args.precision, args.device)
        for _ in range(4):  # compiles, chooses algorithms, captures
            step()
        synchronize(args.device)
        ready = time.perf_counter() - start
        for pipelined in (True, False):
            result = {"task": args.task, "batch": batch, "precision": args.precision, "mode": args.mode, "pipelined": pipelined}
            result |= summary(measure(step, args.device, args.seconds, pipelined), batch)
            if cuda:
                result["device_bytes"] = free - torch.cuda.mem_get_info()[0]
                result["peak_allocated_bytes"] = torch.cuda.max_memory_allocated()
            print(json.dumps(result | {"ready_s": ready, "settings": settings}), flush=True)
        del step
        torch.compiler.reset()
        if cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()


def run_worker(args, mode, task, batches, precision, limit):
    command = [sys.executable, __file__, "--worker", "--device", args.device, "--mode", mode, "--task", task]
    command += ["--precision", precision, "--seconds", str(args.seconds), "--batches", *map(str, batches)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, errors = process.communicate(timeout=limit)
        reason = None if process.returncode == 0 else (errors.strip().splitlines() or ["exit code %d" % process.returncode])[-1]
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
        reason = f"not done after {limit:.0f} s"
    results = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    done = [r["batch"] for r in results if not r["pipelined"]]  # the last of a batch
    skipped = [{"task": task, "batch": b, "precision": precision, "mode": mode, "reason": reason} for b in batches if b not in done]
    return results, skipped if reason else []


def plan(args):
    """(mode, task, batches, precision), what matters most first."""
    for precision in args.precisions:
        for mode in args.modes:
            if precision != "fp16" and mode != "eager":
                continue
            for task, batches in (("inference", args.inference), ("sam_step", args.sam)):
                if batches:
                    yield mode, task, batches, precision


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--modes", nargs="+", default=["eager", "graphs", "compile"], choices=list(MODES))
    parser.add_argument("--precisions", nargs="+", default=["fp16", "tf32", "fp32"], choices=["fp16", "tf32", "fp32"],
                        help="those but fp16 eager alone")
    parser.add_argument("--sam", nargs="*", type=int, default=[64, 144])
    parser.add_argument("--inference", nargs="*", type=int, default=[1, 64, 256])
    parser.add_argument("--seconds", type=float, default=1.5, help="of measuring, for each result")
    parser.add_argument("--limit", type=float, default=240, help="seconds for one mode and task")
    parser.add_argument("--total-limit", type=float, default=570, help="seconds in all")
    parser.add_argument("--out", help="file for the JSON; else standard output")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--mode", help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--precision", help=argparse.SUPPRESS)
    parser.add_argument("--batches", nargs="*", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return worker(args)
    if args.device == "cuda" and not torch.cuda.is_available():
        sys.exit("benchmark.py: this PyTorch sees no CUDA device; use --device cpu")
    begin = time.perf_counter()
    report = {"torch": torch.__version__, "results": [], "skipped": []}
    if args.device == "cuda":
        report |= {"device": torch.cuda.get_device_name(), "cudnn": torch.backends.cudnn.version(), "cuda": torch.version.cuda}
    for mode, task, batches, precision in plan(args):
        left = args.total_limit - (time.perf_counter() - begin)
        results, skipped = run_worker(args, mode, task, batches, precision, max(0.1, min(args.limit, left)))
        report["results"] += results
        report["skipped"] += skipped
        for line in results + skipped:
            print(json.dumps(line), file=sys.stderr, flush=True)
        if args.out:  # after each, so that a limit on the whole leaves something
            with open(args.out, "w") as file:
                json.dump(report, file, indent=2)
    if not args.out:
        print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
