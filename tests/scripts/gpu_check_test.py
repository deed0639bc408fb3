"""Tests of scripts/gpu_check and scripts/results_table.py: what they read from programs, and what they make of failures."""

import argparse
import json
import os
import sys
import tempfile
import time
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path[:0] = [os.path.join(ROOT, "scripts/gpu_check"), os.path.join(ROOT, "scripts")]
sys.dont_write_bytecode = True
os.chdir(ROOT)
os.environ.pop("OUT", None)

import parse  # noqa: E402
import results_table  # noqa: E402
import steps  # noqa: E402
from report import Report, Skip  # noqa: E402

JUNIT = """<?xml version="1.0"?><testsuite name="x" tests="4" failures="1" skipped="1">
<testcase name="a" status="run"/><testcase name="b" status="run"/>
<testcase name="c" status="fail"><failure message="x"/></testcase>
<testcase name="gpu.d" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase></testsuite>"""

GOLDEN = """case: poster-v2, 3 outputs, batch 2, fp16 on cuda, X
group                     tensors  worst error  tolerance         tensor
logits                          1    1.340e-06      1e-04  ok     eval.logits
stages                         20    3.000e-01      1e-04  FAILED stage.VIT.norm
SAM losses                      1          inf      1e-03  FAILED sam.losses
Past tolerance: see the groups marked FAILED."""

BENCHMARK = {
    "context": {"device": "cuda", "precision": "fp16", "batch": "64", "ceiling_GB_per_s": "3000", "ceiling_GFLOP_per_s": "700000"},
    "results": [
        {"name": "add/2x3", "operands": "out [6] f16", "us": 31.2512, "GB/s": 1234.56789, "of_ceiling": 0.5},
        {"name": "cast/7", "error": "no"},
    ],
}


class Parse(unittest.TestCase):
    def test_ctest(self):
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(JUNIT)
            file.flush()
            self.assertEqual(parse.ctest_junit(file.name), {"passed": 2, "failed": ["c"], "skipped": ["gpu.d"]})

    def test_gtest_json(self):
        cases = [{"name": "a", "status": "RUN", "result": "COMPLETED"}, {"name": "b", "status": "RUN", "result": "SKIPPED"},
                 {"name": "c", "status": "RUN", "result": "COMPLETED", "failures": [{"failure": "x"}]}]
        self.assertEqual(parse.gtest_json({"testsuites": [{"name": "S", "testsuite": cases}]}, "p"),
                         {"passed": 1, "failed": ["p: S.c"], "skipped": ["p: S.b"]})

    def test_golden(self):
        groups = parse.golden_groups(GOLDEN)
        self.assertEqual([(g["group"], g["ok"]) for g in groups], [("logits", True), ("stages", False), ("SAM losses", False)])
        self.assertEqual(groups[1]["worst"], "stage.VIT.norm")

    def test_sanitizer(self):
        self.assertEqual(parse.sanitizer("========= ERROR SUMMARY: 0 errors\n"), (0, None))
        self.assertEqual(parse.sanitizer("========= ERROR SUMMARY: 3 errors\n"), (3, None))
        self.assertEqual(parse.sanitizer("========= RACECHECK SUMMARY: 2 hazards displayed (2 errors, 0 warnings)\n"), (2, None))
        self.assertEqual(parse.sanitizer("[  PASSED  ] 3 tests."), (None, None))
        self.assertEqual(parse.sanitizer("========= Error: Device not supported.")[1], "Device not supported")

    def test_gtest(self):
        self.assertEqual(parse.gtest_counts("[  PASSED  ] 12 tests.\n[  SKIPPED ] 2 tests, listed below:\n"), (12, 2, 0))
        self.assertEqual(parse.gtest_counts("[  PASSED  ] 1 test.\n[  FAILED  ] 1 test, listed below:\n"), (1, 0, 1))

    def test_kernels(self):
        run = parse.kernel_benchmarks(BENCHMARK)
        self.assertEqual(run["results"][0], {"name": "add/2x3", "operands": "out [6] f16", "us": 31.25, "GB/s": 1235.0,
                                              "of_ceiling": 0.5})
        self.assertEqual(run["results"][1], {"name": "cast/7", "error": "no"})
        self.assertEqual(run["context"]["ceiling_GB_per_s"], "3000")
        self.assertIsNone(parse.kernel_benchmarks(None))


class RunsSteps(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        args = argparse.Namespace(build_dir=self.folder.name, merge=None, limit=60, jobs=2, bundle="none", cuda_architectures=None,
                                  go_on=False, results=os.path.join(self.folder.name, "results.json"))
        self.report = Report(args, None)

    def script(self, name, text):
        path = os.path.join(self.folder.name, "bin", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)

    def results(self):
        with open(self.report.path) as file:
            return json.load(file)

    def test_goes_on_after_a_failure_and_ends_with_1(self):
        def skipping(report):
            raise Skip("no GPU")

        def crashing(report):
            raise ValueError("planted")

        self.report.run("first", crashing)
        self.report.run("second", skipping)
        self.report.run("third", lambda report: steps.entry(True, "unused", count=3))
        self.assertEqual(self.report.finish(), 1)
        found = self.results()["steps"]
        self.assertEqual([found[s]["status"] for s in ("first", "second", "third")], ["failed", "skipped", "passed"])
        self.assertIn("planted", found["first"]["reason"])
        self.assertNotIn("reason", found["third"])
        self.assertFalse(self.results()["ok"])

    def test_ends_with_0_when_nothing_failed(self):
        self.report.run("only", lambda report: steps.entry(True))
        self.assertEqual(self.report.finish(), 0)

    def test_a_command_past_its_limit_is_killed_with_its_children(self):
        marker = os.path.join(self.folder.name, "survived")
        start = time.monotonic()
        code, _ = self.report.command(["sh", "-c", f"(sleep 3; touch {marker}) & sleep 60"], 1, "log")
        self.assertIsNone(code)
        self.assertLess(time.monotonic() - start, 30)
        time.sleep(3.5)
        self.assertFalse(os.path.exists(marker))

    def test_no_step_starts_without_time(self):
        self.report.args.limit = 0
        self.report.run("late", lambda report: self.fail("was run"))
        self.assertEqual(self.report.data["steps"]["late"]["status"], "skipped")

    def test_different_hashes_fail(self):
        self.script("bench/determinism", 'while [ "$1" != --out ]; do shift; done\n'
                    'echo \'{"equal": false, "hashes": ["a", "b"], "runs": 2, "steps": 1, "precision": "fp32"}\' > "$2"\nexit 1\n')
        self.report.run("determinism", steps.determinism)
        self.assertEqual(self.report.finish(), 1)
        self.assertEqual(self.results()["steps"]["determinism"]["runs"][0]["hashes"], ["a", "b"])

    def test_a_golden_case_past_its_tolerance_fails(self):
        self.report.gpu = {"name": "X"}
        self.script("golden_check", f"cat <<'EOT'\n{GOLDEN}\nEOT\n[ \"$5\" != fp16 ]\n")
        cases = []
        for step in (steps.golden, steps.golden_rest):
            self.report.run(step.__name__, step)
            found = self.report.data["steps"][step.__name__]
            self.assertEqual(found["status"], "failed")
            cases += found["cases"]
        self.assertEqual(sum(not case["ok"] for case in cases), len(steps.GOLDENS))
        self.assertEqual(len({(case["case"], case["precision"]) for case in cases}), 3 * len(steps.GOLDENS))

    def test_sanitizer_errors_fail(self):
        self.report.gpu = {"name": "X"}
        self.script("tests/gpu_a_cuda_test", "exit 0\n")
        self.script("compute-sanitizer", "echo '[  PASSED  ] 4 tests.'\n[ $2 = racecheck ] && n=1 || n=0\n"
                    "echo \"========= ERROR SUMMARY: $n errors\"\nexit $n\n")
        os.environ["CUDA_HOME"] = self.folder.name
        path, os.environ["PATH"] = os.environ["PATH"], os.path.join(self.folder.name, "bin") + os.pathsep + os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", path)
        self.report.run("sanitize", steps.sanitize)
        found = self.report.data["steps"]["sanitize"]
        self.assertEqual((found["status"], found["reason"]), ("failed", "racecheck gpu_a_cuda_test"))

    def test_a_device_test_that_crashes_fails(self):
        self.script("tests/gpu_a_cuda_test", "exit 0\n")
        self.script("tests/gpu_b_cuda_test", "kill -SEGV $$\n")
        self.report.gpu = {"name": "X"}
        result = steps.tests(self.report)
        self.assertEqual(len(result["failed"]), 1)
        self.assertIn("gpu_b_cuda_test", result["failed"][0])

    def test_a_program_that_was_not_built_is_skipped(self):
        self.report.run("end_to_end", steps.end_to_end)
        self.assertEqual(self.report.data["steps"]["end_to_end"]["status"], "skipped")


def made_up(pipelined=True, **more):
    return {"task": "sam_step", "batch": 64, "pipelined": pipelined, "ms": 20.0, "images_per_s": 3200.0, "device_bytes": 2**31} | more


MODELLED = {"task": "sam_step", "batch": 64, "ms": 26.5, "ms_one_after_the_other": 29.5, "nodes": 1700, "nodes_longest_path": 1300, "gb_least": 26.0, "gb_moved": 37.0, "gflop": 5798.2}


class Table(unittest.TestCase):
    data = {
        "gpu": {"name": "Made up", "driver_version": "1"}, "versions": {"nvcc": "13"}, "date": "2000-01-01", "commit": "abc",
        "steps": {
            "end_to_end": {"results": [made_up(precision="fp16", graphs=True, input="device"),
                                       made_up(precision="fp16", graphs=False, input="device", ms=99.0)]},
            "pytorch": {"torch": "2", "cudnn": 9, "results": [made_up(precision="fp16", mode="eager", ms=50.0),
                                                              made_up(precision="fp16", mode="graphs", ms=30.0)]},
            "tests": {"status": "passed", "passed": 7, "failed": [], "skipped_count": 1},
            "model": {"modelled": {"device": "X", "model": "m", "cases": [MODELLED]}},
        },
    }

    def test_rows(self):
        text = results_table.render(self.data, "x.json")
        row = next(line for line in text.splitlines() if line.startswith("| SAM step, batch 64"))
        self.assertEqual(row, "| SAM step, batch 64 | 20 | – | – | 26.5 | 29.5 | 50 | 30 | 1.50 | 3 200 |")
        self.assertIn("| SAM step, batch 64 | 2.0 | – | – | 2.0 | 2.0 |", text)
        self.assertIn("- tests passed: 7 passed, 0 failed, 1 skipped", text)

    def test_goes_between_the_markers_and_can_be_done_again(self):
        readme = f"a\n{results_table.BEGIN}\nold\n{results_table.END}\nb\n"
        once = results_table.replace(readme, "new")
        self.assertEqual(once, f"a\n{results_table.BEGIN}\nnew\n{results_table.END}\nb\n")
        self.assertEqual(results_table.replace(once, "new"), once)
        with self.assertRaises(SystemExit):
            results_table.replace("no markers", "new")

    def test_the_page_has_the_markers(self):
        with open("docs/performance.md") as file:
            results_table.replace(file.read(), "")

    def test_before_a_measurement_what_is_modelled_is_said_to_be(self):
        text = results_table.render({"modelled": {"device": "X", "model": "m", "cases": [MODELLED]}}, "x.json")
        self.assertIn("| SAM step, batch 64 | 26.50 | 29.50 | not yet | 1700 | 1300 | 26.00 | 37.00 | 5 798 |", text)
        self.assertIn("modelled", text)

    def test_refuses_results_without_a_gpu(self):
        with self.assertRaises(SystemExit):
            results_table.render(self.data | {"gpu": None}, "x.json")


if __name__ == "__main__":
    unittest.main()
