#!/usr/bin/env python3
"""Fails when two files of one library or test program have a function, type or constant of the same name in unnamed namespaces:
its files are compiled as one (CMAKE_UNITY_BUILD), where a call could take the other file's overload without a word."""
import collections
import pathlib
import re
import sys

FUNCTION = re.compile(r"(?:[A-Za-z_][\w:<>,&*\s\[\]]*?[\s&*])([A-Za-z_]\w*)\(")
OTHER = re.compile(r"(?:class|struct|enum class|enum|constexpr .*?|const .*?)\s?\b(\w+)\s*(?:[\[={:]|$)")
TEST = re.compile(r"(?:TYPED_)?TEST(?:_[FP])?\((\w+, \w+)\)")
TESTED = ("kernels", "engine", "model", "io", "apps", "bench", "simulated_gpu")  # tests of a folder that are one program
TESTS = (pathlib.Path(__file__).parent.parent / "tests/CMakeLists.txt").read_text()
ALONE = re.compile(re.search(r'set\(POSTER_TESTS_ALONE "(.*)"\)', TESTS).group(1))  # programs of their own
CONSTANT = re.compile(r"\b(k[A-Z]\w*)(?: =|\{|\[)")  # all of a declaration's, over several lines


def library(path):
    """The folder whose files are one target; None where each is compiled alone."""
    parts = path.parts
    if parts[0] == "kernels":
        return None if re.search(r"(cpu|cuda)\.cpp$", path.name) or parts[1].startswith("cuda") else "kernels"
    if parts[0] == "tests":
        if parts[1] not in TESTED or not path.name.endswith("_test.cpp") or (parts[1] != "simulated_gpu" and ALONE.search(path.name)):
            return None
        return "/".join(parts[:-1])
    if parts[0] == "apps":
        return "/".join(parts[:-1]) if len(parts) > 2 else None
    return "/".join(parts[:2]) if parts[0] == "io" else parts[0]


def local_names(text):
    local = declaring = False
    for line in text.splitlines():
        if line.startswith("namespace {"):
            local = True
        elif line.startswith("}  // namespace"):
            local = False
        elif local and not line.startswith(("return", "using", "//", "#")):
            found = FUNCTION.match(line) or OTHER.match(line)
            test = TEST.match(line)
            if test or (found and found.group(1) != "std"):
                yield (test or found).group(1)
            declaring = line.startswith("const") or (declaring and line.startswith(" "))
            if declaring:
                yield from CONSTANT.findall(line)
                declaring = not line.rstrip().endswith(";")


root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
places = collections.defaultdict(set)
for folder in ("kernels", "engine", "model", "io", "apps", "tests"):
    for path in (root / folder).rglob("*.cpp"):
        path = path.relative_to(root)
        if library(path):
            for name in local_names((root / path).read_text()):
                places[library(path), name].add(str(path))
twice = {key: sorted(paths) for key, paths in places.items() if len(paths) > 1}
for (_, name), paths in sorted(twice.items()):
    print(f"{name} is local to several files that are compiled as one: {', '.join(paths)}")
sys.exit(bool(twice))
