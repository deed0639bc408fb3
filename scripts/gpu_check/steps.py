"""The steps, in order. Each takes the report and returns its entry, or raises Skip."""

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
SANITIZERS = ("memcheck", "racecheck", "initcheck")
SLOW = ("kernel_cases_cuda_test", "trainer_cuda_test")  # at the network's sizes, or the whole network: last under the sanitizers


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


def build(report):
    """For this machine's GPU alone, with the bundle's packages, without those that a GPU machine lacks."""
    args, limit = report.args, 300
    # Whatever this machine has: the same is built everywhere. Its compiler may be one that warns of other things.
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DPOSTER_CUDA=ON", "-DPOSTER_GPU_TESTS=ON", "-DPOSTER_PICTURES=OFF",
               "-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON", f"-DPOSTER_WERROR={'OFF' if report.gpu else 'ON'}",
               f"-DPOSTER_PYTHON={sys.executable}"]
    if args.cuda_architectures:
        options.append(f"-DCMAKE_CUDA_ARCHITECTURES={args.cuda_architectures}")
    if os.path.isdir(args.bundle):
        options.append(f"-DCMAKE_PREFIX_PATH={os.path.abspath(args.bundle)}/usr")
        for config in glob.glob(f"{os.path.abspath(args.bundle)}/usr/**/*Config.cmake", recursive=True):
            name = os.path.basename(config).removesuffix("Config.cmake")
            options.append(f"-D{name}_DIR={os.path.dirname(config)}")
    if shutil.which("ccache"):
        options += [f"-DCMAKE_{language}_COMPILER_LAUNCHER=ccache" for language in ("CXX", "CUDA")]
    code, text = report.command(["cmake", "-G", "Ninja", "-S", ".", "-B", report.build_dir, *options], 120, "configure.log")
    if code != 0:
        return entry(False, "cmake failed: " + tail(text))
    code, text = report.command(["cmake", "--build", report.build_dir, "-j", str(args.jobs), "--", "-k", "0"],
                                10_000 if report.gpu is None else limit, "build.log")
    failed = [line for line in text.splitlines() if line.startswith("FAILED")]
    reason = f"not done after {limit} s" if code is None else f"{len(failed)} targets failed: " + "; ".join(failed[:5])
    return entry(code == 0, reason, warnings=text.count(" warning: ") + text.count("warning #"))


def tests(report):
    """All of them: those of the host by CTest, those of the device as whole programs, which start CUDA once each. Without a
    GPU of the host's those that say something about the GPU's side."""
    host, device = host_tests(report), device_tests(report)
    failed = host["failed"] + device["failed"]
    ok = not failed and host["passed"] > 0 and (report.gpu is None or device["passed"] > 0)
    reason = f"{len(failed)} failed" if failed else "nothing was run"
    return entry(ok, reason, passed=host["passed"] + device["passed"], passed_on_device=device["passed"], failed=failed,
                 skipped_count=len(host["skipped"] + device["skipped"]), skipped=host["skipped"] + device["skipped"])


def host_tests(report):
    junit = os.path.abspath(os.path.join(report.log_dir, "tests.xml"))
    if os.path.exists(junit):
        os.remove(junit)
    left_out = "gpu" if report.gpu else "gpu|golden|kernels"
    command = ["ctest", "--test-dir", report.build_dir, "--output-junit", junit, "--output-on-failure", "--timeout", "120",
               "-LE", left_out, "-j", str(max(1, min(report.args.jobs, 12)))]
    code, text = report.command(command, 150, "tests.log")
    if not os.path.exists(junit):
        return {"passed": 0, "failed": ["ctest: " + ("not done in time" if code is None else tail(text))], "skipped": []}
    result = parse.ctest_junit(junit)
    if code != 0 and not result["failed"]:
        result["failed"].append("ctest: " + tail(text, 3))
    return result


def device_tests(report):
    programs = sorted(glob.glob(os.path.join(report.build_dir, "bin/tests/gpu_*_cuda_test")))

    def run(path):
        name = os.path.basename(path)
        out = os.path.join(report.log_dir, f"{name}.json")
        if os.path.exists(out):
            os.remove(out)
        code, text = report.command([path, f"--gtest_output=json:{out}"], 120, f"{name}.log")
        try:
            with open(out) as file:
                result = parse.gtest_json(json.load(file), name)
        except (OSError, ValueError):
            result = {"passed": 0, "failed": [], "skipped": []}
        if code != 0 and not result["failed"]:
            result["failed"].append(f"{name}: {'not done in time' if code is None else f'exit code {code}: ' + tail(text, 3)}")
        return result

    total = {"passed": 0, "failed": [], "skipped": []}
    with concurrent.futures.ThreadPoolExecutor(max(1, min(report.args.jobs, 6))) as pool:
        for result in pool.map(run, programs):
            for key in total:
                total[key] += result[key]
    return total


def golden(report):
    """The reference's outputs, in each precision."""
    needs_gpu(report)
    binary, cases, ok = program(report, "golden_check"), [], True
    for path in GOLDENS:
        for precision in ("float", "tf32", "fp16"):
            name = os.path.basename(path).removesuffix(".safetensors")
            code, text = report.command([binary, path, "--device", "cuda", "--precision", precision], 60,
                                        f"golden-{name}-{precision}.log")
            ok = ok and code == 0
            cases.append({"case": name, "precision": precision, "ok": code == 0, "groups": parse.golden_groups(text)}
                         | ({} if code == 0 else {"output": tail(text)}))
    bad = [f"{c['case']} {c['precision']}" for c in cases if not c["ok"]]
    return entry(ok and bool(cases), "past tolerance or broken: " + ", ".join(bad), cases=cases)


def sanitize(report):
    """compute-sanitizer over the tests of kernels."""
    needs_gpu(report)
    tool = environment.find_tool("compute-sanitizer")
    if not tool:
        raise Skip("compute-sanitizer is not installed")
    programs = sorted(glob.glob(os.path.join(report.build_dir, "bin/tests/gpu_*_cuda_test")), key=lambda p: (p.endswith(SLOW), p))
    if not programs:
        raise Skip("no tests for the GPU were built")
    deadline = time.monotonic() + min(170, report.left())

    def run(job):
        check, path = job
        name = os.path.basename(path)
        if time.monotonic() > deadline:
            return {"tool": check, "program": name, "status": "skipped", "reason": "no time was left"}
        code, text = report.command([tool, "--tool", check, "--error-exitcode", "99", "--print-limit", "5", path],
                                    max(1, min(100, deadline - time.monotonic() + 20)), f"{check}-{name}.log")
        errors, unable = parse.sanitizer(text)
        passed, _, failed = parse.gtest_counts(text)
        result = {"tool": check, "program": name, "errors": errors, "tests": passed}
        if unable:
            return result | {"status": "skipped", "reason": unable}
        if code is None:
            return result | {"status": "skipped", "reason": "not done in time"}
        ok = code == 0 and errors == 0 and passed > 0
        return result | ({"status": "passed"} if ok else {"status": "failed", "exit_code": code, "failed_tests": failed, "output": tail(text)})

    jobs = [(check, path) for path in programs for check in SANITIZERS]
    with concurrent.futures.ThreadPoolExecutor(max(1, min(report.args.jobs // 2, 6))) as pool:
        runs = list(pool.map(run, jobs))
    if all(r["status"] == "skipped" for r in runs):
        raise Skip(runs[0]["reason"])
    bad = [f"{r['tool']} {r['program']}" for r in runs if r["status"] == "failed"]
    return entry(not bad, "; ".join(bad), runs=runs, skipped=sum(r["status"] == "skipped" for r in runs))


def kernels(report):
    """Microbenchmarks. In TF32 only products differ. Without a GPU each once on the CPU, which measures nothing."""
    binary, runs, failed = program(report, "bench", "kernel_bench"), {}, []
    if report.gpu:
        variants = {"fp16": [], "fp32": [], "tf32": ["--benchmark_filter=conv2d|matmul"]}
        device = ["--device", "cuda"]
    else:
        variants, device = {"fp32": ["--batch", "1", "--repeats", "1"]}, ["--device", "cpu"]
    for precision, options in variants.items():
        out = os.path.join(report.log_dir, f"kernels-{precision}.json")
        if os.path.exists(out):
            os.remove(out)
        code, text = report.command([binary, *device, "--precision", precision, f"--benchmark_out={out}", *options], 100,
                                    f"kernels-{precision}.log")
        try:
            with open(out) as file:
                runs[precision] = parse.kernel_benchmarks(json.load(file))
        except (OSError, ValueError):
            runs[precision] = None
        if code != 0 or not runs[precision] or not runs[precision]["results"]:
            failed.append(f"{precision}: {'not done in time' if code is None else tail(text, 3)}")
    if report.gpu is None:
        return entry(not failed, "; ".join(failed), cases=sum(len(r["results"]) for r in runs.values() if r))
    return entry(not failed, "; ".join(failed), runs=runs)


def end_to_end(report):
    """Our network's times."""
    out = os.path.join(report.log_dir, "end-to-end.json")
    command = [program(report, "bench", "network_times"), "--out", out]
    if report.gpu:
        command += ["--device", "cuda", "--precision", "fp16,tf32,fp32", "--seconds", "0.7"]
    else:
        command += ["--device", "cpu", "--model", "poster-v2-tiny", "--sam", "2", "--inference", "1", "--seconds", "0.1"]
    code, text = report.command(command, 150, "end-to-end.log")
    if code != 0:
        return entry(False, "not done in time" if code is None else tail(text, 3))
    with open(out) as file:
        data = json.load(file)
    return entry(len(data["results"]) > 0) | (data if report.gpu else {"cases": len(data["results"])})


def determinism(report):
    """Equal bits from the same start."""
    binary, runs, failed = program(report, "bench", "determinism"), [], []
    variants = [["--device", "cuda", "--precision", p, "--runs", "20", "--steps", "100"] for p in ("fp16", "fp32")]
    if report.gpu is None:
        variants = [["--device", "cpu", "--model", "poster-v2-tiny", "--runs", "3", "--steps", "2", "--batch", "2"]]
    for i, options in enumerate(variants):
        out = os.path.join(report.log_dir, f"determinism-{i}.json")
        if os.path.exists(out):
            os.remove(out)
        code, text = report.command([binary, *options, "--out", out], 100, f"determinism-{i}.log")
        if os.path.exists(out):
            with open(out) as file:
                runs.append(json.load(file))
        if code != 0:
            failed.append("not done in time" if code is None else tail(text, 2))
    return entry(not failed, "; ".join(failed), runs=runs)


def peer(report):
    """The PyTorch network against the golden cases."""
    if not environment.output([sys.executable, "-c", "import torch, numpy"]) == "":
        raise Skip(f"{sys.executable} has no torch and numpy")
    code, text = report.command([sys.executable, "bench/peer/poster_v2.py", "check", *GOLDENS, "--threads", str(report.args.jobs)],
                                120, "peer.log")
    return entry(code == 0, "not done in time" if code is None else tail(text, 3), output=text.splitlines()[1:])


def pytorch(report):
    """PyTorch's times, in the time that is left."""
    needs_gpu(report)
    if not environment.output([sys.executable, "-c", "import torch"]) == "":
        raise Skip(f"{sys.executable} has no torch")
    out, left = os.path.join(report.log_dir, "pytorch.json"), report.left() - 10
    if left < 60:
        raise Skip("no time was left; --only pytorch --merge JSON adds it")
    if os.path.exists(out):
        os.remove(out)
    cache = os.path.abspath(os.path.join(report.log_dir, "inductor"))
    code, text = report.command([sys.executable, "bench/peer/benchmark.py", "--out", out, "--total-limit", str(left - 5)], left,
                                "pytorch.log", env={"TORCHINDUCTOR_CACHE_DIR": cache})
    if not os.path.exists(out):
        return entry(False, tail(text, 3))
    with open(out) as file:
        data = json.load(file)
    return entry(bool(data["results"]), "nothing was measured: " + tail(text, 3)) | data


ALL = [build, tests, golden, sanitize, kernels, end_to_end, determinism, peer, pytorch]
