"""CPython's own test runner, with one look before it and one after it: which module select do the tests use?

Run as: regrtest.py FILE ARGUMENT...  where FILE is the __file__ that select must have, or - for the built-in one. If the first
ARGUMENT is --pipes-of-solaris, os.pipe makes what it makes there: both ends can be read and written.
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
    sys.path.pop(0)  # the folder of this file: nothing in it is for the tests
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
