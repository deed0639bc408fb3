"""Reads what the programs print."""

import re
import xml.etree.ElementTree as ElementTree


def ctest_junit(path):
    """Counts and names from CTest's --output-junit."""
    result = {"passed": 0, "failed": [], "skipped": []}
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name")
        if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            result["skipped"].append(name)
        elif case.find("failure") is not None or case.get("status") == "fail":
            result["failed"].append(name)
        else:
            result["passed"] += 1
    return result


def gtest_json(data, program):
    """Counts and names from GoogleTest's --gtest_output=json."""
    result = {"passed": 0, "failed": [], "skipped": []}
    for suite in data["testsuites"]:
        for case in suite["testsuite"]:
            name = f"{program}: {suite['name']}.{case['name']}"
            if case.get("failures"):
                result["failed"].append(name)
            elif case.get("result") == "SKIPPED" or case.get("status") == "NOTRUN":
                result["skipped"].append(name)
            else:
                result["passed"] += 1
    return result


def golden_groups(text):
    """The table of golden_check: one entry a group."""
    row = re.compile(r"^(\S.*?) +(\d+) +(\S+) +(\S+) +(ok|FAILED)(?: +(\S+))?\s*$", re.M)
    return [
        {"group": m[1], "tensors": int(m[2]), "error": m[3], "tolerance": m[4], "ok": m[5] == "ok", "worst": m[6]}
        for m in row.finditer(text)
    ]


def sanitizer(text):
    """(errors found or None when there is no summary, why the tool could not work or None)."""
    for reason in ("Device not supported", "No CUDA-capable device", "Unable to launch", "Failed to initialize"):
        if reason in text:
            return None, reason
    summaries = re.findall(r"(?:ERROR SUMMARY: (\d+) error|RACECHECK SUMMARY: (\d+) hazard)", text)
    if not summaries:
        return None, None
    return sum(int(a or b) for a, b in summaries), None


def gtest_counts(text):
    """(passed, skipped, failed) of a GoogleTest program's output."""
    def count(pattern):
        found = re.search(pattern, text)
        return int(found.group(1)) if found else 0

    return count(r"\[  PASSED  \] (\d+) test"), count(r"\[  SKIPPED \] (\d+) test"), count(r"\[  FAILED  \] (\d+) test")


def kernel_benchmarks(data):
    """kernel_bench's results, shortened; None when there are none. Times in microseconds."""
    if not data:
        return None
    results = []
    for b in data["results"]:
        entry = {key: b[key] for key in ("name", "operands", "error") if key in b}
        if "us" in b:
            entry["us"] = round(b["us"], 2)
        for key in ("GB/s", "GFLOP/s", "of_ceiling"):
            if key in b:
                entry[key] = float(f"{b[key]:.4g}")
        results.append(entry)
    return {"context": data["context"], "results": results}
