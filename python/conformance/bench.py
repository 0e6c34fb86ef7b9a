"""The cost of the calls with the interpreter's own module select and with ours.

Two processes, one with each, take turns: so both see the same machine. The medians of all rounds are printed, and their ratio.
A process with our module has more than one thread, for which the kernel takes a reference of every descriptor that is waited on.

Usage: bench.py [ROUNDS]
"""

import statistics
import subprocess
import sys
import tempfile

import places

CHILD = r"""
import os, select, sys, time

def pipes(n):
    made = [os.pipe() for _ in range(n)]
    os.write(made[-1][1], b"x")
    return [r for r, _ in made]

def calls():
    for n in (1, 100):
        ep = select.epoll()
        fds = pipes(n)
        for fd in fds:
            ep.register(fd, select.EPOLLIN)
        yield f"epoll.poll(0), 1 ready of {n}", ep.poll, (0,)
    yield "epoll.modify", ep.modify, (fds[0], select.EPOLLIN)
    def change(ep=ep, fd=fds[0]):
        ep.unregister(fd)
        ep.register(fd)
    yield "epoll.unregister and register", change, ()
    for n in (1, 10, 100):
        p = select.poll()
        fds = pipes(n)
        for fd in fds:
            p.register(fd, select.POLLIN)
        yield f"poll.poll(0), 1 ready of {n}", p.poll, (0,)
    yield "poll.modify", p.modify, (fds[0], select.POLLIN)
    for n in (1, 10, 100):
        yield f"select(..., 0), 1 ready of {n}", select.select, (pipes(n), [], [], 0)

CALLS = list(calls())
for line in sys.stdin:
    for name, function, args in CALLS:
        times = range(2000)
        begin = time.perf_counter_ns()
        for _ in times:
            function(*args)
        print((time.perf_counter_ns() - begin) / len(times), name, flush=True)
    print(flush=True)
"""


def round_of(child):
    """One round: what each call took, in nanoseconds."""
    child.stdin.write("\n")
    child.stdin.flush()
    took = {}
    for line in iter(child.stdout.readline, "\n"):
        nanoseconds, _, name = line.strip().partition(" ")
        took[name] = float(nanoseconds)
    return took


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 101
    with tempfile.TemporaryDirectory() as folder:
        children = [
            subprocess.Popen([place.python, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for place in places.make(folder)
        ]
        taken = [[round_of(child) for child in children] for _ in range(rounds)]
        for child in children:
            child.communicate()
    print(f"{'nanoseconds a call':34}{'original':>10}{'ours':>10}{'ratio':>8}   medians of {rounds} rounds")
    for name in taken[0][0]:
        original, ours = (statistics.median(both[side][name] for both in taken) for side in (0, 1))
        print(f"{name:34}{original:10.0f}{ours:10.0f}{ours / original:8.2f}")


if __name__ == "__main__":
    main()
