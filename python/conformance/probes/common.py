"""Functions that all probes use."""

import os
import select
import time

# Ours uses more descriptors. Descriptors move to fixed numbers, so that answers do not depend on
# which numbers are free.
NUMBERS_OF_THEIR_OWN = iter(range(200, 1000))


def moved(fd):
    number = os.dup2(fd, next(NUMBERS_OF_THEIR_OWN))
    os.close(fd)
    return number


def outcome(function, *args, **named):
    """Returns the result or the exception of a call as text."""
    try:
        return repr(function(*args, **named))
    except BaseException as error:
        number = getattr(error, "errno", None)
        return f"{type(error).__name__}: {error}" + (f" [errno {number}]" if number is not None else "")


def outcomes(function, *arguments):
    return [outcome(function, *args) for args in arguments]


def lasts(function, *args):
    """Calls function, and reports whether it took about the seconds of the last argument."""
    *args, seconds = args
    begin = time.monotonic()
    answer = outcome(function, *args)
    passed = time.monotonic() - begin
    return [answer, "early" if passed < seconds else "late" if passed > seconds + 5 else "in time"]


class Fileno:
    """An object whose fileno() returns or calls answer."""

    def __init__(self, answer):
        self.answer = answer

    def fileno(self):
        return self.answer() if callable(self.answer) else self.answer

    def __repr__(self):
        return "Fileno"


class Index:
    """An object that converts to an integer with __index__ only."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


class Whole(int):
    pass


def raising(error):
    def function():
        raise error

    return function


# Numbers and objects of all kinds, for descriptors, masks, timeouts and sizes.
NUMBERS = [
    *(0, 1, -1, -2, 2**15, 2**16 - 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64, -(2**31), -(2**63), -(2**64)),
    *(True, Whole(1), Index(1), Index(-1), 1.5, "1", b"1", None, [], (), object, 10**40, -(10**40)),
]
TIMES = [
    *(0, 0.0, -0.0, 1e-9, 1e-10, 0.0001, -1e-10, float("nan"), float("inf"), float("-inf"), 1e300, -1e300, 2**62, 2**63, -(2**63)),
    *(2**31, 2**31 / 1000, 2147483.647, 2147483.648, 9223372036, 9223372037, 1e10, True, Index(0), "0", b"0", [], object(), 0j),
]


def pipe():
    reading, writing = os.pipe()
    return moved(reading), moved(writing)


def ready():
    """Returns the reading end of a pipe with data."""
    reading, writing = pipe()
    os.write(writing, b"x")
    return reading


def steady(text):
    """Removes the addresses from the texts of objects."""
    return [str(line).split(" at 0x")[0] for line in text]


def waits(fd):
    """Returns a wait of each kind on fd. It takes seconds and reports whether fd was ready."""
    p, ep = select.poll(), select.epoll()
    p.register(fd, select.POLLIN)
    ep.register(fd, select.EPOLLIN)
    return [
        lambda seconds: bool(select.select([fd], [], [], seconds)[0]),
        lambda seconds: bool(p.poll(seconds * 1000)),
        lambda seconds: bool(ep.poll(seconds)),
    ]


def waits_poll(fd):
    p = select.poll()
    p.register(fd, select.POLLIN)
    return p


def waits_epoll(fd):
    ep = select.epoll()
    ep.register(fd, select.EPOLLIN)
    return ep
