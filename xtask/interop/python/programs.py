"""Programs that checks start, and what becomes of them.

Each is the head of a process group, so that what it starts itself can be ended
with it. A reaper outlives us: when we end, however that happens, it ends the
groups that are left and removes the folder that everything temporary is in."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile

# Reads groups, a line for each that begins and the same line again when it ends.
REAPER = """
import os, shutil, signal, sys
groups = set()
for line in sys.stdin:
    groups ^= {int(line)}
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""
_reaper = None


def watch_over_leftovers():
    """Starts the reaper. What is made by `tempfile` from now on, by programs
    too, goes to a folder that is gone when we are."""
    global _reaper
    tempfile.tempdir = tempfile.mkdtemp(prefix="oc-interop-")
    os.environ["TMPDIR"] = tempfile.tempdir
    # A session of its own: what ends us by the terminal must not end it.
    _reaper = subprocess.Popen([sys.executable, "-c", REAPER, tempfile.tempdir], stdin=subprocess.PIPE, text=True,
                               start_new_session=True)


def start(command, **options):
    """As `subprocess.Popen`, in a group that `end` ends."""
    process = subprocess.Popen(command, process_group=0, **options)
    _tell(process)
    return process


def end(process):
    """Ends it and all that it has left behind, at once, as a crash would. Once
    is enough; a second time does nothing."""
    if getattr(process, "ended", False):
        return
    process.ended = True
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _tell(process)


def run(command, limit, **options):
    """Runs a program to its end: exit code, standard output and error. What is
    still there of it then, or after `limit` seconds, is ended."""
    process = start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    try:
        stdout, stderr = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        end(process)
        stdout, stderr = process.communicate()
        raise AssertionError(f"{os.path.basename(command[0])} is not done after {limit} s\n"
                             f"stdout: {stdout[-1500:]}\nstderr: {stderr[-1500:]}") from None
    finally:
        end(process)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def _tell(process):
    if _reaper is not None:
        _reaper.stdin.write(f"{process.pid}\n")
        _reaper.stdin.flush()
