"""Runs CPython's test runner, and checks before and after it which module select the tests use.

Usage: regrtest.py FILE [--pipes-of-solaris] ARGUMENT...

FILE is the __file__ that select must have, or - for the built-in one. With --pipes-of-solaris,
os.pipe returns two ends that can both be read and written, as on Solaris.
"""

import os
import socket
import sys


def check(expected):
    import select

    file = getattr(select, "__file__", "-")
    if file != expected:
        sys.exit(f"the tests ran with {file}, not with {expected}")


def stream():
    one, other = socket.socketpair()
    return one.detach(), other.detach()


if __name__ == "__main__":
    sys.path.pop(0)  # the tests must not import from the folder of this file
    expected = sys.argv.pop(1)
    check(expected)
    if sys.argv[1] == "--pipes-of-solaris":
        sys.argv.pop(1)
        os.pipe = stream
    import test.libregrtest

    sys.argv[0] = os.path.dirname(test.__file__)
    try:
        test.libregrtest.main()
    finally:
        check(expected)
