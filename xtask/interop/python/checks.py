"""The smallest runner that says what broke: a check is a function, its name is
what it shows, and the last line counts."""

import argparse
import os
import time
import traceback


class Suite:
    """Checks that share a stage: what they all need, made once, by a context
    manager that is given the options. A suite whose stage cannot be made has
    failed, and says so once."""

    def __init__(self, name):
        self.name = name
        self.checks = []
        self.prepare = None

    def stage(self, function):
        """Registers the context manager."""
        self.prepare = function
        return function

    def check(self, name):
        """Registers a function under the sentence that it proves."""

        def register(function):
            self.checks.append((name, function))
            return function

        return register

    def run(self, options, count):
        chosen = [(name, function) for name, function in self.checks if not options.only or options.only in name]
        if not chosen:
            return
        print(f"-- {self.name}: {len(chosen)} checks", flush=True)
        started = time.monotonic()
        try:
            with self.prepare(options) as stage:
                for name, function in chosen:
                    count(name, lambda function=function: function(stage))
        except Exception as error:
            def broken(error=error):
                raise error
            count(f"{self.name}: set up and taken down", broken)
        print(f"-- {self.name}: {time.monotonic() - started:.0f} s", flush=True)


def equal(got, wanted, what=""):
    assert got == wanted, f"{what}: {got!r}, wanted {wanted!r}"


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

    counts = {"ok": 0, "FAILED": 0}

    def count(name, function):
        started = time.monotonic()
        try:
            function()
        except Exception as error:
            counts["FAILED"] += 1
            traceback.print_exc(limit=-3)
            print(f"FAILED {name}: {type(error).__name__}: {str(error)[:2000]}", flush=True)
        else:
            counts["ok"] += 1
            print(f"ok     {name} ({time.monotonic() - started:.1f} s)", flush=True)

    for suite in suites:
        suite.run(options, count)
    print(f"{counts['ok']} passed, {counts['FAILED']} failed", flush=True)
    raise SystemExit(1 if counts["FAILED"] or not counts["ok"] else 0)
