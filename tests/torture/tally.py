"""Counts what was tried and prints what went wrong, each kind of fault once a scenario."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor


class Tally:
    def __init__(self, table):
        self.table, self.rows, self.faults, self.lock = table, [], 0, threading.Lock()

    def fault(self, words, texts):
        with self.lock:
            self.faults += 1
            print(f"FAULT  --reproduce {' '.join(map(str, words))}", *texts[:4], sep="\n    ", flush=True)

    def each(self, o, title, tasks, work):
        """Calls work(task) for all tasks, on o.jobs threads; returns what it returned. Late tasks are left out."""
        start, limit = time.monotonic(), o.deadline

        def attempt(task):
            return work(task) if time.monotonic() < limit else None

        with ThreadPoolExecutor(o.jobs) as pool:
            results = [result for result in pool.map(attempt, tasks) if result is not None]
        late = len(tasks) - len(results)
        print(f"{title}: {len(results)} runs, {time.monotonic() - start:.0f} s" + (f", {late} LEFT OUT for lack of time" * (late > 0)),
              flush=True)
        return results

    def row(self, *cells):
        with self.lock:
            self.rows.append(cells)

    def finish(self):
        print(f"{self.faults} faults")
        if not self.table:
            return
        with open(self.table, "w") as file:
            for cells in self.rows:
                file.write("| " + " | ".join(map(str, cells)) + " |\n")
