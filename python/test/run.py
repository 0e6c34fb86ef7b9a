"""Runs the tests of this folder on the module in python/dist, each file in a process of its own.

Usage: run.py [FILE...]

FILE is the name of a test file without .py. Without it, all files run, four at a time.
"""

import concurrent.futures
import glob
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
DIST = os.path.join(os.path.dirname(HERE), "dist")
ONE = "--one"

# The time limit of a file in seconds.
PATIENCE = 300


def run_one(name):
    """Runs one file in this process, which has kqueue and devpoll. Children have them on request."""
    import select

    del os.environ["IOMUX_SELECT_WITH"]
    if not getattr(select, "__file__", "").startswith(DIST):
        sys.exit(f"select is {select}, not that in {DIST}")
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    sys.exit(suite.countTestCases() == 0 or not unittest.TextTestRunner().run(suite).wasSuccessful())


def run(name):
    command = [sys.executable, "-X", "dev", "-X", "faulthandler", os.path.join(HERE, "run.py"), ONE, name]
    environment = dict(os.environ, PYTHONPATH=DIST, IOMUX_SELECT_WITH="kqueue,devpoll")
    try:
        done = subprocess.run(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE
        )
        return done.stdout, done.returncode
    except subprocess.TimeoutExpired as expired:
        return f"{expired}\n{(expired.stdout or b'').decode(errors='replace')}", 1


def main():
    names = sys.argv[1:] or sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(HERE, "test_*.py")))
    failed = not names
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for name, (output, status) in zip(names, pool.map(run, names)):
            # If all tests passed, only their number is of interest.
            lines = [line for line in output.splitlines() if line.startswith("Ran ")]
            print(f"{name}: {lines[0] if status == 0 and lines else output}", flush=True)
            failed |= status != 0
    print("FAILED" if failed else "OK")
    sys.exit(failed)


if __name__ == "__main__":
    run_one(sys.argv[2]) if sys.argv[1:2] == [ONE] else main()
