"""A dry run of scripts/gpu_check's first call with programs that only say what real ones would: in order, and with each step crashing,
running past its limit, leaving half a file behind, and with the whole call killed in it."""

import contextlib
import importlib.util
import io
import json
import os
import signal
import sys
import tempfile
import time
import unittest
from unittest import mock

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, os.path.join(ROOT, "scripts/gpu_check"))
sys.dont_write_bytecode = True
os.chdir(ROOT)

import environment  # noqa: E402
import report  # noqa: E402
import steps  # noqa: E402

spec = importlib.util.spec_from_file_location("gpu_check_main", os.path.join(ROOT, "scripts/gpu_check/__main__.py"))
gpu_check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(gpu_check)

# One script is all programs: by its own name and what it is called with it knows for which step it runs. It writes that step's file,
# and ends as FAIL_STEP and FAIL_HOW say.
PROGRAM = r"""#!/bin/sh
case "${0##*/} $*" in
  cmake*--target*) step=build ;;
  cmake*--build*) step=build_tests ;;
  network_times*end-to-end.json*) step=end_to_end ;;
  network_times*tuned.json*) step=tuned ;;
  network_times*) step=other_precisions ;;
  kernel_bench*) step=kernels ;;
  determinism*) step=determinism ;;
  launch_model*) step=model ;;
  gpu_a_cuda_test*) step=tests ;;
  golden_check*poster_v2_3cls_adam.*tf32*) step=golden_rest ;;
  golden_check*poster_v2_3cls_adam.*) step=golden ;;
  golden_check*) step=golden_rest ;;
  *) step=configure ;;
esac
out=
while [ $# -gt 0 ]; do
  case "$1" in
    --out) out=$2 ;;
    --gtest_output=json:*) out=${1#--gtest_output=json:} ;;
  esac
  shift
done
how=
if [ "$FAIL_STEP" = $step ] || { [ "$FAIL_STEP" = all ] && [ $step != configure ]; }; then how=$FAIL_HOW; fi
file=$PAYLOADS/$step.json
if [ -n "$out" ] && [ -f "$file" ]; then
  if [ "$how" = half ]; then head -c 20 "$file" >"$out"; else cp "$file" "$out"; fi
fi
case "$how" in
  crash) kill -SEGV $$ ;;
  half) exit 3 ;;
  hang) echo $$ >"$PAYLOADS/hangs"; exec sleep 20 ;;
esac
exit 0
"""

TIME = {"task": "sam_step", "batch": 64, "precision": "fp16", "pipelined": True, "graphs": True, "input": "device", "ms": 26.0}
PAYLOADS = {
    "end_to_end": {"model": "poster-v2", "results": [TIME]},
    "tuned": {"model": "poster-v2", "results": [TIME]},
    "other_precisions": {"model": "poster-v2", "results": [TIME | {"precision": "tf32"}]},
    "kernels": {"context": {"device": "cuda", "batch": "64"}, "results": [{"name": "add/6", "operands": "out [6] f16, a [6] f16, b [6] f16",
                                                                        "us": 3.0, "GB/s": 1.0, "of_ceiling": 0.5}]},
    "determinism": {"precision": "fp16", "runs": 4, "runs_wanted": 4, "steps": 25, "hashes": ["a"], "equal": True},
    "tests": {"testsuites": [{"name": "S", "testsuite": [{"name": "a", "status": "RUN", "result": "COMPLETED"}]}]},
    "model": {"model": "poster-v2", "precision": "fp16", "multiprocessors": 132, "cases": [
        {"task": "sam_step", "batch": 64, "from_host_bytes": 0, "nodes": 1, "longest_path": 1, "sequence": [0], "streams": [0],
         "after": [[]], "ops": [
            {"op": "add", "signature": "out [6] f16, a [6] f16, b [6] f16", "flops": 0, "launches": [{"kernel": "add"}], "operands": [
                {"name": name, "use": "in", "dims": [6], "element_bytes": 2, "least_bytes": 12, "moved_bytes": 12} for name in ("out", "a", "b")]}]}]},
}
FIRST_CALL = [step.__name__ for step in steps.CALLS["first"]]
# Whose programs write what they have measured as it comes.
AS_IT_COMES = {"end_to_end": "results", "tuned": "results", "other_precisions": "results", "kernels": "runs", "determinism": "runs"}


class DryRun(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        root = self.folder.name
        self.out = os.path.join(root, "out")
        os.makedirs(self.out)
        for name in ("tools/cmake", "build/bin/golden_check", "build/bin/bench/network_times", "build/bin/bench/kernel_bench",
                     "build/bin/bench/determinism", "build/bin/bench/launch_model", "build/bin/tests/gpu_a_cuda_test"):
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(PROGRAM)
            os.chmod(path, 0o755)
        for step, payload in PAYLOADS.items():
            with open(os.path.join(root, f"{step}.json"), "w") as file:
                json.dump(payload, file)
        patches = [
            mock.patch.dict(os.environ, {"PATH": os.path.join(root, "tools") + os.pathsep + os.environ["PATH"], "OUT": self.out,
                                         "PAYLOADS": root, "FAIL_STEP": "", "FAIL_HOW": ""}),
            mock.patch.object(environment, "gpu", lambda: {"name": "Made up", "driver_version": "1"}),
            mock.patch.object(environment, "versions", dict),
            mock.patch.object(environment, "commit", lambda bundle: "abc"),
            mock.patch.object(environment, "python_packages", dict),
            mock.patch.object(report, "POLL_SECONDS", 0.05),
        ]
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)

    def call(self, step="", how="", seconds=20):
        """Runs the first call; returns the exit code, what it printed and the results that lie under $OUT."""
        os.environ.update(FAIL_STEP=step, FAIL_HOW=how)
        printed = io.StringIO()
        with mock.patch.dict(steps.LIMITS, {name: seconds for name in steps.LIMITS}), contextlib.redirect_stdout(printed):
            code = gpu_check.main(["--build-dir", os.path.join(self.folder.name, "build"), "--jobs", "2", "--bundle", "none"])
        return code, printed.getvalue(), self.results()

    def results(self):
        names = [name for name in os.listdir(self.out) if name.endswith(".json")]
        self.assertEqual(len(names), 1)
        with open(os.path.join(self.out, names[0])) as file:
            return json.load(file)

    def statuses(self, data):
        return {name: entry["status"] for name, entry in data["steps"].items()}

    def test_everything_in_order_and_the_other_calls_are_said_first(self):
        code, printed, data = self.call()
        self.assertEqual(self.statuses(data), {name: "passed" for name in FIRST_CALL})
        self.assertEqual(list(data["steps"]), FIRST_CALL)
        self.assertEqual((code, data["ok"]), (0, True))
        self.assertEqual(FIRST_CALL[:4], ["environment", "build", "golden", "end_to_end"])
        self.assertLess(printed.index("--call pytorch"), printed.index("== environment"))
        self.assertEqual(data["steps"]["end_to_end"]["results"], [TIME])
        self.assertEqual(len(data["steps"]["golden"]["cases"] + data["steps"]["golden_rest"]["cases"]), 3 * len(steps.GOLDENS))
        self.assertTrue(any("add out [6] f16" in line for line in data["steps"]["model"]["table"]))
        self.assertIn("gpu-check-logs.tar.gz", os.listdir(self.out))

    def test_a_second_call_goes_on_from_the_first(self):
        self.call()
        args = gpu_check.parse_arguments(["--build-dir", os.path.join(self.folder.name, "build"), "--call", "pytorch"])
        again = report.Report(args, environment.gpu())
        self.assertEqual(again.data["steps"]["end_to_end"]["results"], [TIME])
        args = gpu_check.parse_arguments(["--build-dir", os.path.join(self.folder.name, "build")])
        self.assertEqual(report.Report(args, environment.gpu()).data["steps"], {})

    def test_a_step_that_crashes_fails_alone(self):
        for step in FIRST_CALL[1:]:
            with self.subTest(step):
                code, _, data = self.call(step, "crash")
                self.assertEqual(code, 1)
                self.assertEqual(self.statuses(data), {name: "failed" if name == step else "passed" for name in FIRST_CALL})
                self.check_what_came(data, step)

    def check_what_came(self, data, step):
        if step in AS_IT_COMES:
            self.assertTrue(data["steps"][step][AS_IT_COMES[step]], step)

    def test_steps_past_their_limits_keep_what_came(self):
        code, _, data = self.call("all", "hang", 0.4)
        self.assertEqual(code, 1)
        self.assertEqual(self.statuses(data), {name: "passed" if name == "environment" else "failed" for name in FIRST_CALL})
        for step in FIRST_CALL[1:]:
            self.check_what_came(data, step)
            said = json.dumps(data["steps"][step])
            self.assertTrue("not done" in said, said)

    def test_half_a_file_is_no_result(self):
        code, _, data = self.call("all", "half")
        self.assertEqual(code, 1)
        self.assertEqual(self.statuses(data), {name: "passed" if name == "environment" else "failed" for name in FIRST_CALL})
        for step, key in AS_IT_COMES.items():
            found = data["steps"][step].get(key) or []
            self.assertFalse([run for run in (found.values() if isinstance(found, dict) else found) if run], step)

    def test_a_call_that_is_killed_leaves_what_came(self):
        for step in ("build", *AS_IT_COMES, "tests"):
            with self.subTest(step):
                self.killed_in(step)

    def killed_in(self, step):
        hangs = os.path.join(self.folder.name, "hangs")
        if os.path.exists(hangs):
            os.remove(hangs)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                self.call(step, "hang")
            os._exit(0)
        deadline = time.monotonic() + 20
        # Once the program hangs the report must have what it has written; it looks now and then.
        while time.monotonic() < deadline and not (os.path.exists(hangs) and self.has(step)):
            time.sleep(0.02)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with open(hangs) as file:
            os.kill(int(file.read()), signal.SIGKILL)
        data = self.results()
        done = FIRST_CALL[: FIRST_CALL.index(step)]
        self.assertEqual(self.statuses(data), {name: "passed" for name in done} | {step: "running"})
        self.assertFalse(data["ok"])
        self.check_what_came(data, step)
        os.remove(os.path.join(self.out, [name for name in os.listdir(self.out) if name.endswith(".json")][0]))

    def has(self, step):
        with contextlib.suppress(AssertionError, OSError, ValueError):
            entry = self.results()["steps"].get(step, {})
            return bool(entry.get(AS_IT_COMES[step])) if step in AS_IT_COMES else entry.get("status") == "running"
        return False


if __name__ == "__main__":
    unittest.main()
