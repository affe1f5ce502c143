"""The smallest runner that says what broke: a check is a function, its name is
what it shows, and the last line counts."""

import argparse
import os
import time
import traceback

CHECKS = []


def check(name):
    """Registers a function under the sentence that it proves."""

    def register(function):
        CHECKS.append((name, function))
        return function

    return register


def equal(got, wanted, what=""):
    assert got == wanted, f"{what}: {got!r}, wanted {wanted!r}"


def main(*, prepare=None, arguments=()):
    """Runs what was registered. `prepare(options)` makes the one argument that
    each check gets; it is a context manager."""
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

    passed = failed = 0
    with prepare(options) as stage:
        for name, function in CHECKS:
            if options.only and options.only not in name:
                continue
            started = time.monotonic()
            try:
                function(stage)
            except Exception as error:
                failed += 1
                traceback.print_exc(limit=-3)
                print(f"FAILED {name}: {type(error).__name__}: {str(error)[:2000]}", flush=True)
            else:
                passed += 1
                print(f"ok     {name} ({time.monotonic() - started:.1f} s)", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    raise SystemExit(1 if failed or not passed else 0)
