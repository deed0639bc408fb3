"""Runs Poster's programs with preload.c inside, and judges what they leave behind."""

import fnmatch
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Scenario:
    """A short run of one program. All paths are relative to the folder in which it runs."""

    name: str
    command: str
    again: str  # what goes on after a failure or a kill
    given: tuple  # what lies in the folder before; only these, and what the command writes, may be there afterwards
    free: tuple = ()  # patterns of files that may differ after going on: logs of what happened
    passes_over: str = ""  # a file that lists inputs which could not be read and were passed over, with exit 0
    anew: tuple = ()  # folders to remove before going on: what lies there is never overwritten
    slow: bool = False  # not in the slice

    @property
    def program(self):
        return self.command.split()[0]


@dataclass
class Outcome:
    code: int
    error: str
    log: list = field(default_factory=list)  # lines of preload.c
    in_call: str = ""  # what a kill from outside fell into
    hung: bool = False
    seconds: float = 0

    def story(self):
        """For --reproduce: what happened, with the stacks that the library wrote."""
        stacks = [line for line in self.log if line.startswith(("/", "died"))]
        return "\n".join([f"exit {self.code}, struck {self.struck}", *stacks, self.error])

    @property
    def struck(self):
        """(kind, path) of the call that was struck, or None."""
        for line in self.log:
            if line.startswith("struck "):
                return tuple((line.split(" ", 2) + [""])[1:3])
        return None


class Machine:
    """Where the programs and the preload library are, and a folder to work in."""

    def __init__(self, programs, library, folder, limit=60):
        self.programs, self.library, self.folder, self.limit = Path(programs), Path(library), Path(folder), limit
        self.ground = self.folder / "ground"
        self.number, self.trace = 0, False

    def fresh(self, scenario):
        self.number += 1
        work = self.folder / f"work-{self.number}"
        work.mkdir()
        for name in scenario.given:
            if (self.ground / name).is_dir():
                shutil.copytree(self.ground / name, work / name)
            elif (self.ground / name).stat().st_size > 64 << 20:  # only read, and replaced by renaming
                os.link(self.ground / name, work / name)
            else:
                shutil.copy(self.ground / name, work / name)
        return work

    def run(self, work, command, kill_after=None, largest_file=None, **settings):
        """Runs a command in a folder; settings become TORTURE_ variables. Without any, the library isn't loaded."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("TORTURE_", "LD_PRELOAD"))}
        log, now = self.folder / f"{work.name}.log", self.folder / f"{work.name}.now"
        if settings or kill_after is not None:
            environment.update({f"TORTURE_{k.upper()}": str(v) for k, v in settings.items()})
            if self.trace:
                environment["TORTURE_TRACE"] = "1"
            environment.update(LD_PRELOAD=str(self.library), TORTURE_LOG=str(log), TORTURE_UNDER=f"{work}/")
            if kill_after is not None:
                environment["TORTURE_NOW"] = str(now)
        words = command.split()
        if largest_file is not None:
            words = ["prlimit", f"--fsize={largest_file}", self.programs / words[0], *words[1:]]
        else:
            words[0] = self.programs / words[0]
        start = time.monotonic()
        process = subprocess.Popen(words, cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        hung = False
        try:
            _, error = process.communicate(timeout=self.limit if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            hung = kill_after is None
            process.kill()
            _, error = process.communicate()
        outcome = Outcome(process.returncode, error.decode(errors="replace"), hung=hung, seconds=time.monotonic() - start)
        if log.exists():
            outcome.log = log.read_text(errors="replace").splitlines()
            log.unlink()
        if now.exists():
            outcome.in_call = now.read_bytes().split(b"\0")[0].decode(errors="replace")
            now.unlink()
        return outcome


def listing(work):
    """Path -> hash of each file below the folder; without locks, which stay, and TensorBoard's files, whose names are times."""
    files = {}
    for path in sorted(work.rglob("*")):
        if path.is_file() and "tfevents" not in path.name and path.name not in (".lock", "lock"):
            with open(path, "rb") as file:
                files[str(path.relative_to(work))] = hashlib.file_digest(file, "sha1").hexdigest()
    return files


def is_whole(path):
    """Whether a file ends as its kind does. Logs and journals, which grow line by line, may end anywhere."""
    data, kind = path.read_bytes() if path.stat().st_size < 1 << 20 else b"", path.suffix
    if kind == ".safetensors":
        with open(path, "rb") as file:
            head = file.read(8)
            if len(head) < 8:
                return False
            (size,) = struct.unpack("<Q", head)
            header = json.loads(file.read(size))
        end = max(t["data_offsets"][1] for name, t in header.items() if name != "__metadata__")
        return path.stat().st_size == 8 + size + end
    if kind in (".pth", ".zip"):
        with open(path, "rb") as file:
            file.seek(-22, os.SEEK_END)
            return file.read(4) == b"PK\5\6"
    if not data and kind in (".png", ".svg", ".jpg", ".json", ".html", ".avi", ".csv"):
        return path.stat().st_size >= 1 << 20
    if kind == ".png":
        return data.endswith(b"IEND\xaeB`\x82")
    if kind == ".jpg":
        return data.endswith(b"\xff\xd9")
    if kind == ".json":
        json.loads(data)
    if kind == ".avi":
        return struct.unpack("<I", data[4:8])[0] + 8 <= len(data) and b"idx1" in data
    return {".svg": b"</svg>", ".html": b"</html>"}.get(kind, b"") in data[-20:] and (kind != ".csv" or data.endswith(b"\n"))


def is_temporary(name):
    base = os.path.basename(name)
    return base.endswith(".tmp") or ".tmp" in base or (base.startswith(".") and base != ".prepare") or "/staged/" in name


class Reference:
    """An undisturbed run, and what it leaves."""

    def __init__(self, machine, scenario, kinds="open,read,readdir,write,fsync,rename,link,unlink,mkdir,mmap,ftruncate,close"):
        self.machine, self.scenario = machine, scenario
        work = machine.fresh(scenario)
        self.given = listing(work)
        outcome = machine.run(work, scenario.command, kinds=kinds)
        if outcome.code != 0:
            raise SystemExit(f"{scenario.name}: the undisturbed run ends with {outcome.code}: {outcome.error}")
        self.calls = [line.split(" ", 1) for line in outcome.log]
        self.seconds, self.files = outcome.seconds, listing(work)
        shutil.rmtree(work)

    @functools.cached_property
    def timed(self):
        """Files with times in them: those that another undisturbed run writes otherwise."""
        work = self.machine.fresh(self.scenario)
        self.machine.run(work, self.scenario.command)
        timed = {name for name, digest in listing(work).items() if self.files.get(name) != digest}
        shutil.rmtree(work)
        if any(name.endswith((".safetensors", ".pth")) for name in timed):
            raise SystemExit(f"{self.scenario.name}: two undisturbed runs give other bytes: {sorted(timed)}")
        return timed

    def differences(self, work, going_on):
        """How the folder differs from the undisturbed run's."""
        files, faults = listing(work), []
        free = self.scenario.free if going_on else ()
        for name in sorted(self.files.keys() | files.keys()):
            if name not in files:
                faults.append(f"{name} is missing")
            elif name not in self.files:
                if not any(fnmatch.fnmatch(name, pattern) for pattern in free):
                    faults.append(f"{name} is left over")
            elif files[name] != self.files[name] and not any(fnmatch.fnmatch(name, p) for p in free) and name not in self.timed:
                faults.append(f"{name} has other bytes")
        return faults

    def torn(self, work):
        """Files that are neither whole nor temporary, and given ones that changed though the program only reads them."""
        faults = []
        for path in sorted(work.rglob("*")):
            name = str(path.relative_to(work))
            if not path.is_file() or is_temporary(name) or name.endswith(("log.txt", ".jsonl")) or "tfevents" in name:
                continue
            try:
                if not is_whole(path):
                    faults.append(f"{name} is torn")
            except (ValueError, KeyError, OSError) as error:
                faults.append(f"{name} is torn ({error})")
        for name, digest in self.given.items():
            if self.files.get(name) == digest and not (work / name).exists():
                faults.append(f"{name} is gone")
        return faults

    def judge_failure(self, work, outcome, one_line=True):
        """Faults of a run in which a call was struck."""
        program, struck = self.scenario.program, outcome.struck
        if outcome.hung:
            return ["hangs"]
        if outcome.code < 0 or outcome.code > 128:
            return [f"dies of {signal.Signals(abs(outcome.code) & 127).name}: {outcome.error.strip()[-300:]}"]
        faults = self.torn(work)
        lines = outcome.error.strip("\n").split("\n") if outcome.error.strip() else []
        faults += [f"{name} is left behind" for name in listing(work) if is_temporary(name) and ".prepare/" not in name]
        if outcome.code == 0 and self.passed_over(work, struck):
            return faults + self.judge_going_on(work)
        if outcome.code == 0:
            return faults + [f"exit 0, but {fault}" for fault in self.differences(work, False)]
        if outcome.code == 2 and lines:  # poster_predict: done, but something was passed over
            return faults + [f"not a line of {program}: {line}" for line in lines if not line.startswith(f"{program}: ")]
        if one_line and (len(lines) != 1 or not re.fullmatch(rf"{program}: [^\x00-\x1f]+", lines[0])):
            faults.append(f"exit {outcome.code}, not one line: {lines}")
        elif struck and struck[1] and not names_file(lines[0], struck[1], work):
            faults.append(f"names no file ({struck[0]} of {struck[1]}): {lines[0]}")
        return faults

    def passed_over(self, work, struck):
        list_of = work / self.scenario.passes_over
        return struck and self.scenario.passes_over and list_of.exists() and os.path.basename(struck[1]) in list_of.read_text()

    def judge_going_on(self, work):
        for name in self.scenario.anew:
            shutil.rmtree(work / name, ignore_errors=True)
        outcome = self.machine.run(work, self.scenario.again)
        if outcome.hung or outcome.code != 0:
            return [f"going on ends with {'a hang' if outcome.hung else outcome.code}: {outcome.error.strip()}"]
        return [f"after going on {fault}" for fault in self.differences(work, True)]


def names_file(line, path, work):
    """Whether the message names the file, or the file that it is to become, or a folder that it lies in."""
    names = [part.removesuffix(".tmp").removeprefix(".").replace(".previous", "") for part in Path(os.path.relpath(path, work)).parts]
    return any(re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", line.replace(".previous", "")) for name in names)
