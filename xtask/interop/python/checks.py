"""The smallest runner that says what broke: a check is a function, its name is
what it shows, and the last line counts. No check can hang, and none is silent
for long: each has a time limit, and a slow one is named every half minute."""

import argparse
import contextlib
import os
import signal
import threading
import time
import traceback

import programs

LIMIT = 180  # seconds, for a check and for the making of a stage
REPORT_EVERY = 30
STARTED = time.monotonic()


class Suite:
    """Checks that share a stage: what they all need, made once, by a context
    manager that is given the options. A suite whose stage cannot be made has
    failed, and says so once. `limit`: how long one check may take."""

    def __init__(self, name, limit=LIMIT):
        self.name = name
        self.limit = limit
        self.checks = []
        self.prepare = None
        self.cells = {}

    def stage(self, function):
        """Registers the context manager."""
        self.prepare = function
        return function

    def check(self, name, cell=None):
        """Registers a function under the sentence that it proves. `cell`: the
        row and the column where the table at the end counts it."""

        def register(function):
            self.checks.append((name, cell, function))
            return function

        return register

    def run(self, options, count):
        chosen = [check for check in self.checks if not options.only or options.only in check[0]]
        if not chosen:
            return
        print(f"{clock()} -- {self.name}: {len(chosen)} checks", flush=True)
        started = time.monotonic()
        try:
            with contextlib.ExitStack() as stack:
                with limited(self.limit, f"{self.name}: set up"):
                    stage = stack.enter_context(self.prepare(options))
                for name, cell, function in chosen:
                    passed = count(name, self.limit, lambda function=function: function(stage))
                    if cell is not None:
                        self.cells.setdefault(cell, []).append(passed)
                with limited(self.limit, f"{self.name}: take down"):
                    stack.close()
        except Exception as error:
            def broken(error=error):
                raise error
            count(f"{self.name}: set up and taken down", self.limit, broken)
        print(f"{clock()} -- {self.name}: {time.monotonic() - started:.0f} s", flush=True)

    def table(self):
        """What passed of what was asked, by row and column, as Markdown."""
        rows = dict.fromkeys(row for row, _ in self.cells)
        columns = dict.fromkeys(column for _, column in self.cells)
        yield f"| {self.name} | {' | '.join(columns)} |"
        yield "|---|" + "--:|" * len(columns)
        for row in rows:
            counts = (self.cells.get((row, column), []) for column in columns)
            yield f"| {row} | " + " | ".join(f"{sum(passed)} of {len(passed)}" if passed else "–" for passed in counts) + " |"


def equal(got, wanted, what=""):
    assert got == wanted, f"{what}: {got!r}, wanted {wanted!r}"


def clock():
    """Minutes and seconds since the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    return f"{minutes}:{seconds:02}"


@contextlib.contextmanager
def limited(limit, name):
    """Ends what takes too long with an error, and names it while it is slow."""
    def late(*_):
        raise AssertionError(f"not done after {limit} s")

    def report():
        while not done.wait(REPORT_EVERY):
            print(f"{clock()} … still at: {name}", flush=True)

    done = threading.Event()
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit)
    threading.Thread(target=report, daemon=True).start()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        done.set()


def main(suites, arguments=()):
    """Runs the suites. `arguments` are options that all of them may read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--only")
    for name in arguments:
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    # A proxy between two loopback sockets would be one too many.
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)
    programs.watch_over_leftovers()

    counts = {"ok": 0, "FAILED": 0}
    failed = []

    def count(name, limit, function):
        started = time.monotonic()
        try:
            with limited(limit, name):
                function()
        except Exception as error:
            counts["FAILED"] += 1
            failed.append(name)
            traceback.print_exc(limit=-3)
            print(f"{clock()} FAILED {name}: {type(error).__name__}: {str(error)[:2000]}", flush=True)
            return False
        counts["ok"] += 1
        print(f"{clock()} ok     {name} ({time.monotonic() - started:.1f} s)", flush=True)
        return True

    for suite in suites:
        suite.run(options, count)
    for suite in suites:
        if suite.cells:
            print("", *suite.table(), sep="\n")
    if failed:
        print("", "failed:", *failed, sep="\n  ")
    print(f"\n{counts['ok']} passed, {counts['FAILED']} failed", flush=True)
    raise SystemExit(1 if counts["FAILED"] or not counts["ok"] else 0)
