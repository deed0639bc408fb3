"""Runs steps under their time limits and keeps the results: written as they come, so that whatever ends a call leaves what it had."""

import copy
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
import time

import environment

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
RUNNING = "running"  # or ended with the whole call
POLL_SECONDS = 1.0


class Skip(Exception):
    """Raised by a step that can't run here; says why."""


class Report:
    def __init__(self, args, gpu):
        self.args, self.gpu, self.begin = args, gpu, time.monotonic()
        self.build_dir, self.log_dir = args.build_dir, os.path.join(args.build_dir, "gpu-check")
        os.makedirs(self.log_dir, exist_ok=True)
        self.data = {"format": 1}
        self.next_commands = []
        self.step, self.lock = None, threading.RLock()
        # What an earlier call has left: of the same machine, while it is warm.
        self.kept = os.path.join(self.log_dir, "results.json")
        earlier = args.merge or (self.kept if args.go_on and os.path.exists(self.kept) else None)
        if earlier:
            with open(earlier) as file:
                self.data = json.load(file)
        self.data |= {
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "gpu": gpu,
            "host": {"processor": environment.processor(), "cores": len(os.sched_getaffinity(0))},
            "versions": environment.versions(),
            "commit": environment.commit(args.bundle),
        }
        self.data.setdefault("steps", {})
        self.path = args.results or self.default_path()

    def default_path(self):
        device = re.sub(r"[^a-z0-9]+", "-", (self.gpu["name"] if self.gpu else "without-gpu").lower()).strip("-")
        name = f"{self.data['date'][:10]}-{device}.json"
        if os.environ.get("OUT"):
            return os.path.join(os.environ["OUT"], name)
        # Without a GPU nothing is measured that belongs among the results.
        return os.path.join("bench/results" if self.gpu else self.log_dir, name)

    def left(self):
        return self.args.limit - (time.monotonic() - self.begin)

    def show(self, **more):
        """Puts into the report what the step in hand has up to now."""
        with self.lock:
            entry = self.data["steps"].setdefault(self.step, {"status": RUNNING}) if self.step else {}
            if any(entry.get(key) != value for key, value in more.items()):
                entry.update(copy.deepcopy(more))
                self.write()

    def command(self, command, limit, log, env=None, results=None, **streams):
        """Runs a command; its output goes to a log. Returns (exit code or None after the limit, output). results() says what it has
        found up to now: that is in the report while it runs."""
        limit = min(limit, self.left())
        path = os.path.join(self.log_dir, log)
        with open(path, "w") as file:
            file.write("$ " + " ".join(command) + "\n")
            file.flush()
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
                                       env=os.environ | (env or {}), **streams)
            code, end = None, time.monotonic() + max(limit, 0.05)
            while code is None and time.monotonic() < end:
                try:
                    code = process.wait(timeout=max(0.01, min(POLL_SECONDS, end - time.monotonic())))
                except subprocess.TimeoutExpired:
                    if results:
                        self.show(**results())
            if code is None:
                os.killpg(process.pid, signal.SIGKILL)  # and what it has started
                process.wait()
        with open(path, errors="replace") as file:
            return code, file.read()

    def run(self, name, step):
        start = time.monotonic()
        entry = {"status": SKIPPED, "reason": "no time was left"}
        if self.left() > 5:
            print(f"== {name}", flush=True)
            self.step = name
            self.data["steps"][name] = {"status": RUNNING}
            self.write()
            try:
                entry = step(self)
            except Skip as skip:
                entry = {"status": SKIPPED, "reason": str(skip)}
            except Exception as error:  # the report goes on
                entry = self.data["steps"][name] | {"status": FAILED, "reason": f"{type(error).__name__}: {error}"}
            self.step = None
        entry["seconds"] = round(time.monotonic() - start, 1)
        self.data["steps"][name] = entry
        print(f"   {entry['status']}, {entry['seconds']} s{', ' + entry['reason'] if entry.get('reason') else ''}", flush=True)
        self.write()
        if os.environ.get("OUT"):
            self.keep_logs(os.environ["OUT"])

    def write(self):
        with self.lock:
            self.data["ok"] = all(entry["status"] not in (FAILED, RUNNING) for entry in self.data["steps"].values())
            for path in (self.path, self.kept):
                os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
                with open(path + ".tmp", "w") as file:
                    json.dump(self.data, file, indent=1)
                    file.write("\n")
                os.replace(path + ".tmp", path)

    def keep_logs(self, folder):
        def without_caches(item):
            return None if "inductor" in item.name else item

        path = os.path.join(folder, "gpu-check-logs.tar.gz")
        with tarfile.open(path + ".tmp", "w:gz") as archive:
            archive.add(self.log_dir, "gpu-check", filter=without_caches)
        os.replace(path + ".tmp", path)

    def finish(self):
        self.write()
        by_status = {}
        for name, entry in self.data["steps"].items():
            by_status.setdefault(entry["status"], []).append(name)
        for status in (PASSED, SKIPPED, FAILED, RUNNING):
            if status in by_status:
                print(f"{status.upper()}: {', '.join(by_status[status])}")
        print(f"Results: {self.path}; logs: {self.log_dir}")
        for command in self.next_commands:
            print(f"Next, while this machine is warm: {command}")
        sys.stdout.flush()
        return 0 if self.data["ok"] else 1


def tail(text, lines=15):
    """The end of a log, without the command itself."""
    return "\n".join([line for line in text.rstrip().splitlines() if not line.startswith("$ ")][-lines:])
