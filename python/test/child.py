"""Runs code in child processes."""

import os
import subprocess
import sys

DIST = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "dist")


def run(code, folder=DIST, extra="", environment={}, **options):
    """Runs code in a new process and returns its output. A crash and anything on stderr are errors.

    Extra is the value of IOMUX_SELECT_WITH. Environment has more variables.
    """
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-X", "faulthandler", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ, PYTHONPATH=folder, IOMUX_SELECT_WITH=extra, **environment),
        **options,
    )
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout.strip()
