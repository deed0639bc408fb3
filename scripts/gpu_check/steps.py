"""The steps, in order: what tells most first, so that a call that dies early was worth it. Each takes the report and returns its
entry, or raises Skip; what its programs have written is in the report while they still run, and counts when a limit ends them."""

import concurrent.futures
import glob
import json
import os
import shutil
import sys
import time

import environment
import parse
from report import FAILED, PASSED, Skip, tail

GOLDENS = sorted(glob.glob("tests/data/golden/*.safetensors"))
FIRST_GOLDEN = "poster_v2_3cls_adam"
SANITIZERS = ("memcheck", "racecheck", "initcheck")
# At the network's sizes, or the whole network: last under the sanitizers.
SLOW = ("kernel_cases_cuda_test", "trainer_cuda_test")
# What the libraries write is unknown to the sanitizers here, as they look at our own kernels alone: initcheck would miss it.
OF_LIBRARIES = ("conv2d_cuda_test", "executor_cuda_test", "execution_failure_on_cuda_test", "kernel_cases_cuda_test", "matmul_cuda_test",
                "predictor_cuda_test", "trainer_cuda_test")
# Seconds; a first call has 570 in all.
LIMITS = {
    "configure": 60, "build": 200, "golden": 40, "end_to_end": 90, "kernels": 60, "tuned": 40, "build_tests": 150, "tests": 120,
    "determinism": 60, "golden_rest": 60, "other_precisions": 90, "model": 20, "host_tests": 150, "peer": 120,
    "sanitize": 500, "sanitize_program": 100, "kernels_float": 150, "determinism_float": 150,
}
# The targets that the figures need; the rest is built after these.
FIRST_TARGETS = ["network_times", "golden_check", "kernel_bench", "determinism", "launch_model"]


def needs_gpu(report):
    if report.gpu is None:
        raise Skip("no GPU")


def program(report, *path):
    found = os.path.join(report.build_dir, "bin", *path)
    if not os.path.exists(found):
        raise Skip(f"{found} was not built")
    return found


def entry(ok, reason=None, **more):
    return {"status": PASSED if ok else FAILED} | ({} if ok or not reason else {"reason": reason}) | more


def why(code, text, lines=3):
    return "not done in time" if code is None else f"exit code {code}: {tail(text, lines)}"


def fresh(report, name):
    """A file of results that a program will write, without an earlier one."""
    path = os.path.join(report.log_dir, name)
    if os.path.exists(path):
        os.remove(path)
    return path


def written(path):
    """What a program has written up to now, or None."""
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def environment_step(report):
    """What is there, and what cuDNN and PyTorch are."""
    found = {"nvidia_smi": environment.output(["nvidia-smi"]), "python": environment.python_packages(), "next": report.next_commands}
    return entry(True, **found)


def configure(report):
    """For this machine's GPU alone, with the bundle's packages, without those that a GPU machine lacks. Nothing is measured on the
    CPU: one instruction set is enough there."""
    args = report.args
    # Whatever this machine has: the same is built everywhere. Its compiler may be one that warns of other things.
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DPOSTER_CUDA=ON", "-DPOSTER_GPU_TESTS=ON", "-DPOSTER_PICTURES=OFF",
               "-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON", f"-DPOSTER_WERROR={'OFF' if report.gpu else 'ON'}",
               f"-DPOSTER_PYTHON={sys.executable}", "-DPOSTER_INSTRUCTION_SETS=baseline"]
    if args.cuda_architectures:
        options.append(f"-DCMAKE_CUDA_ARCHITECTURES={args.cuda_architectures}")
    if os.path.isdir(args.bundle):
        options.append(f"-DCMAKE_PREFIX_PATH={os.path.abspath(args.bundle)}/usr")
        for config in glob.glob(f"{os.path.abspath(args.bundle)}/usr/**/*Config.cmake", recursive=True):
            name = os.path.basename(config).removesuffix("Config.cmake")
            options.append(f"-D{name}_DIR={os.path.dirname(config)}")
    if shutil.which("ccache"):
        options += [f"-DCMAKE_{language}_COMPILER_LAUNCHER=ccache" for language in ("CXX", "CUDA")]
    return report.command(["cmake", "-G", "Ninja", "-S", ".", "-B", report.build_dir, *options], LIMITS["configure"], "configure.log")


def build_targets(report, targets, log, limit):
    target = ["--target", *targets] if targets else []
    code, text = report.command(["cmake", "--build", report.build_dir, "-j", str(report.args.jobs), *target, "--", "-k", "0"],
                                10_000 if report.gpu is None else limit, log)
    failed = [line for line in text.splitlines() if line.startswith("FAILED")]
    reason = f"not done after {limit} s" if code is None else f"{len(failed)} targets failed: " + "; ".join(failed[:5])
    return entry(code == 0, reason, warnings=text.count(" warning: ") + text.count("warning #"))


def build(report):
    """What the figures need."""
    code, text = configure(report)
    if code != 0:
        return entry(False, "cmake failed: " + why(code, text, 15))
    return build_targets(report, FIRST_TARGETS, "build.log", LIMITS["build"])


def build_tests(report):
    """All the rest: the tests on the device."""
    return build_targets(report, [], "build-tests.log", LIMITS["build_tests"])


def golden_cases(report, jobs, limit):
    """Cases of the reference side by side: each job a (file, precision)."""
    binary = program(report, "golden_check")

    def run(job):
        path, precision = job
        name = os.path.basename(path).removesuffix(".safetensors")
        code, text = report.command([binary, path, "--device", "cuda", "--precision", precision], limit, f"golden-{name}-{precision}.log")
        return ({"case": name, "precision": precision, "ok": code == 0, "groups": parse.golden_groups(text)}
                | ({} if code == 0 else {"output": why(code, text, 15)}))

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        cases = list(pool.map(run, jobs))
    bad = [f"{c['case']} {c['precision']}" for c in cases if not c["ok"]]
    return entry(not bad and bool(cases), "past tolerance or broken: " + ", ".join(bad), cases=cases)


def is_first(path, precision):
    return os.path.basename(path).startswith(FIRST_GOLDEN + ".") and precision != "tf32"


def all_golden_jobs():
    return [(path, precision) for path in GOLDENS for precision in ("float", "tf32", "fp16")]


def golden(report):
    """The reference's outputs of POSTER V2 in 16 bits and in float: everything at once is right, or it isn't."""
    needs_gpu(report)
    return golden_cases(report, [job for job in all_golden_jobs() if is_first(*job)], LIMITS["golden"])


def golden_rest(report):
    """The other cases and precisions."""
    needs_gpu(report)
    return golden_cases(report, [job for job in all_golden_jobs() if not is_first(*job)], LIMITS["golden_rest"])


def network_times(report, name, options, limit, env=None):
    """Runs network_times; its results are in the report as they come."""
    out = fresh(report, f"{name}.json")
    command = [program(report, "bench", "network_times"), "--out", out, *options]

    def so_far():
        data = written(out)
        return data if data and data.get("results") else None

    code, text = report.command(command, limit, f"{name}.log", env=env, results=lambda: so_far() or {})
    data = so_far() or {}
    if code != 0 or not data:
        return entry(False, why(code, text)) | data
    return entry(True) | data


def end_to_end(report):
    """Our network's times in 16 bits: the four figures that matter."""
    if report.gpu:
        return network_times(report, "end-to-end", ["--device", "cuda", "--precision", "fp16", "--seconds", "0.4", "--sam", "64,144",
                                                    "--inference", "1,256"], LIMITS["end_to_end"])
    found = network_times(report, "end-to-end", ["--device", "cpu", "--model", "poster-v2-tiny", "--sam", "2", "--inference", "1",
                                                 "--seconds", "0.1"], LIMITS["end_to_end"])
    return {k: v for k, v in found.items() if k != "results"} | {"cases": len(found.get("results", []))}


def tuned(report):
    """What cuDNN's fastest engines would be worth, which need not be those of another run."""
    needs_gpu(report)
    return network_times(report, "tuned", ["--device", "cuda", "--precision", "fp16", "--seconds", "0.4", "--sam", "64", "--inference", "0"],
                         LIMITS["tuned"], env={"POSTER_CUDNN_TUNE": "1"})


def other_precisions(report):
    """In float and TF32."""
    needs_gpu(report)
    return network_times(report, "other-precisions", ["--device", "cuda", "--precision", "tf32,fp32", "--seconds", "0.2", "--sam", "64",
                                                      "--inference", "256"], LIMITS["other_precisions"])


def kernel_runs(report, variants, device, limit):
    binary, runs, failed = program(report, "bench", "kernel_bench"), {}, []
    for precision, options in variants.items():
        out = fresh(report, f"kernels-{precision}.json")

        def so_far(out=out, precision=precision):
            runs[precision] = parse.kernel_benchmarks(written(out))
            return {"runs": runs}

        code, text = report.command([binary, *device, "--precision", precision, "--out", out, *options], limit, f"kernels-{precision}.log",
                                    results=so_far)
        so_far()
        if code != 0 or not runs[precision] or not runs[precision]["results"]:
            failed.append(f"{precision}: {why(code, text)}")
    return runs, failed


def kernels(report):
    """Each op at the network's sizes, in 16 bits. Without a GPU each once on the CPU, which measures nothing."""
    if report.gpu:
        runs, failed = kernel_runs(report, {"fp16": []}, ["--device", "cuda"], LIMITS["kernels"])
        return entry(not failed, "; ".join(failed), runs=runs)
    runs, failed = kernel_runs(report, {"fp32": ["--batch", "1", "--repeats", "1"]}, ["--device", "cpu"], LIMITS["kernels_float"])
    return entry(not failed, "; ".join(failed), cases=sum(len(r["results"]) for r in runs.values() if r))


def kernels_float(report):
    """In float, and products in TF32, in which nothing else differs."""
    needs_gpu(report)
    runs, failed = kernel_runs(report, {"fp32": [], "tf32": ["--benchmark_filter=conv2d|matmul"]}, ["--device", "cuda"],
                               LIMITS["kernels_float"])
    return entry(not failed, "; ".join(failed), runs=runs)


def determinism_runs(report, variants, limit):
    binary, runs, failed = program(report, "bench", "determinism"), [], []
    for name, options in variants.items():
        out = fresh(report, f"determinism-{name}.json")
        code, text = report.command([binary, *options, "--out", out], limit, f"determinism-{name}.log",
                                    results=lambda out=out: {"runs": runs + ([written(out)] if written(out) else [])})
        data = written(out)
        if data:
            runs.append(data)
        if code != 0 or not data or data.get("runs", 0) < 2:
            failed.append(f"{name}: {why(code, text, 2)}")
    return entry(not failed, "; ".join(failed), runs=runs)


def determinism(report):
    """Equal bits from the same start, with graphs and without."""
    if report.gpu is None:
        return determinism_runs(report, {"cpu": ["--device", "cpu", "--model", "poster-v2-tiny", "--runs", "3", "--steps", "2", "--batch",
                                                 "2"]}, LIMITS["determinism"])
    return determinism_runs(report, {"fp16": ["--device", "cuda", "--precision", "fp16", "--runs", "4", "--steps", "25"]},
                            LIMITS["determinism"])


def determinism_float(report):
    """The same in float."""
    needs_gpu(report)
    return determinism_runs(report, {"fp32": ["--device", "cuda", "--precision", "fp32", "--runs", "4", "--steps", "25"]},
                            LIMITS["determinism_float"])


def device_programs(report):
    return sorted(glob.glob(os.path.join(report.build_dir, "bin/tests/gpu_*_test")))


def tests(report):
    """Those of the device, as whole programs, which start CUDA once each."""
    needs_gpu(report)
    programs = device_programs(report)

    def run(path):
        name = os.path.basename(path)
        out = fresh(report, f"{name}.json")
        code, text = report.command([path, f"--gtest_output=json:{out}"], LIMITS["tests"], f"{name}.log")
        data = written(out)
        result = parse.gtest_json(data, name) if data else {"passed": 0, "failed": [], "skipped": []}
        if code != 0 and not result["failed"]:
            result["failed"].append(f"{name}: {why(code, text)}")
        return result

    total = {"passed": 0, "failed": [], "skipped": []}
    with concurrent.futures.ThreadPoolExecutor(max(1, min(report.args.jobs, 6))) as pool:
        for result in pool.map(run, programs):
            for key in total:
                total[key] += result[key]
            report.show(passed=total["passed"], failed=total["failed"])
    reason = f"{len(total['failed'])} failed" if total["failed"] else "nothing was run"
    return entry(not total["failed"] and total["passed"] > 0, reason, passed=total["passed"], failed=total["failed"],
                 skipped_count=len(total["skipped"]), skipped=total["skipped"])


def host_tests(report):
    """The host's, by CTest. With a GPU those of the libraries' plans alone: the rest runs anywhere."""
    junit = os.path.abspath(fresh(report, "tests.xml"))
    choice = ["-R", "conv2d_plans|Conv2dPlans|LayerPlans"] if report.gpu else ["-LE", "gpu|golden|kernels"]
    command = ["ctest", "--test-dir", report.build_dir, "--output-junit", junit, "--output-on-failure", "--timeout", "120", *choice, "-j",
               str(max(1, min(report.args.jobs, 12)))]
    code, text = report.command(command, LIMITS["host_tests"], "tests.log")
    if not os.path.exists(junit):
        return entry(False, "ctest: " + why(code, text, 15), passed=0, failed=[], skipped=[], skipped_count=0)
    result = parse.ctest_junit(junit)
    if code != 0 and not result["failed"]:
        result["failed"].append("ctest: " + tail(text, 3))
    ok = not result["failed"] and result["passed"] > 0
    return entry(ok, f"{len(result['failed'])} failed", skipped_count=len(result["skipped"]), **result)


def model(report):
    """What the launches would take by the model of this device, beside what they took."""
    needs_gpu(report)
    out = fresh(report, "launches.json")
    code, text = report.command([program(report, "bench", "launch_model"), "--out", out], LIMITS["model"], "launch-model.log")
    if code != 0:
        return entry(False, why(code, text))
    summary = fresh(report, "model.json")
    code, text = report.command([sys.executable, "bench/roofline.py", out, "--measured", report.path, "--summary", summary],
                                LIMITS["model"], "roofline.log")
    lines = [line for line in text.splitlines() if line and not line.startswith("$ ")]
    return entry(code == 0, why(code, text), table=lines[:400]) | (written(summary) or {})


def peer(report):
    """The PyTorch network against the golden cases."""
    if not environment.output([sys.executable, "-c", "import torch, numpy"]) == "":
        raise Skip(f"{sys.executable} has no torch and numpy")
    code, text = report.command([sys.executable, "bench/peer/poster_v2.py", "check", *GOLDENS, "--threads", str(report.args.jobs)],
                                LIMITS["peer"], "peer.log")
    return entry(code == 0, why(code, text), output=text.splitlines()[1:])


def pytorch(report):
    """PyTorch's times, eager and compiled: what matters most first, all the time that is left."""
    needs_gpu(report)
    if not environment.output([sys.executable, "-c", "import torch"]) == "":
        raise Skip(f"{sys.executable} has no torch")
    out, left = fresh(report, "pytorch.json"), report.left() - 10
    if left < 60:
        raise Skip("no time was left")
    cache = os.path.abspath(os.path.join(report.log_dir, "inductor"))
    command = [sys.executable, "bench/peer/benchmark.py", "--out", out, "--total-limit", str(left - 5), "--modes", "graphs", "eager", "compile"]
    code, text = report.command(command, left, "pytorch.log", env={"TORCHINDUCTOR_CACHE_DIR": cache}, results=lambda: written(out) or {})
    data = written(out)
    if not data:
        return entry(False, why(code, text))
    return entry(bool(data["results"]), "nothing was measured: " + tail(text, 3)) | data


def sanitize_command(tool, check, path):
    """Our own kernels alone: those of the libraries read memory that nobody wrote, which is theirs to do."""
    command = [tool, "--tool", check, "--kernel-regex", "kns=poster", "--error-exitcode", "99", "--print-limit", "5", path]
    return command + (["--gtest_filter=-conv2d*:matmul*"] if check == "initcheck" and "ops" in os.path.basename(path) else [])


def sanitize(report):
    """compute-sanitizer over the tests of kernels."""
    needs_gpu(report)
    tool = environment.find_tool("compute-sanitizer")
    if not tool:
        raise Skip("compute-sanitizer is not installed")
    programs = sorted(device_programs(report), key=lambda p: (p.endswith(SLOW), p))
    if not programs:
        raise Skip("no tests for the GPU were built")
    deadline = time.monotonic() + min(LIMITS["sanitize"], report.left())

    def run(job):
        check, path = job
        name = os.path.basename(path)
        if time.monotonic() > deadline:
            return {"tool": check, "program": name, "status": "skipped", "reason": "no time was left"}
        code, text = report.command(sanitize_command(tool, check, path),
                                    max(1, min(LIMITS["sanitize_program"], deadline - time.monotonic() + 20)), f"{check}-{name}.log")
        errors, unable = parse.sanitizer(text)
        passed, _, failed = parse.gtest_counts(text)
        result = {"tool": check, "program": name, "errors": errors, "tests": passed}
        if unable:
            return result | {"status": "skipped", "reason": unable}
        if code is None:
            return result | {"status": "skipped", "reason": "not done in time"}
        ok = code == 0 and errors == 0 and passed > 0
        return result | ({"status": "passed"} if ok else {"status": "failed", "exit_code": code, "failed_tests": failed, "output": tail(text)})

    jobs = [(check, path) for check in SANITIZERS for path in programs if check != "initcheck" or not path.endswith(OF_LIBRARIES)]
    runs = []
    with concurrent.futures.ThreadPoolExecutor(max(1, min(report.args.jobs // 2, 6))) as pool:
        for result in pool.map(run, jobs):
            runs.append(result)
            report.show(runs=runs)
    if all(r["status"] == "skipped" for r in runs):
        raise Skip(runs[0]["reason"])
    bad = [f"{r['tool']} {r['program']}" for r in runs if r["status"] == "failed"]
    return entry(not bad, "; ".join(bad), runs=runs, skipped=sum(r["status"] == "skipped" for r in runs))


environment_step.__name__ = "environment"
# What fits into one call of ten minutes, and what other calls do.
CALLS = {
    "first": [environment_step, build, golden, end_to_end, kernels, tuned, model, build_tests, tests, determinism, golden_rest,
              other_precisions],
    "pytorch": [pytorch],
    "sanitize": [build_tests, sanitize],
    "rest": [build_tests, kernels_float, determinism_float, host_tests, peer],
}
WITHOUT_GPU = [build, build_tests, host_tests, kernels, end_to_end, determinism, peer]
ALL = list(dict.fromkeys(step for steps in CALLS.values() for step in steps))
