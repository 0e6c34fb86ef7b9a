"""Measures the time of calls with the interpreter's module select and with ours.

Three processes take turns, so that the load of the machine affects all of them: the original, the
original with an idle thread, and ours. The output has the medians of all rounds and the ratios. The
thread matters because the kernel counts references to descriptors if a process has several threads.
A process with ours always has several.

Usage: bench.py [ROUNDS]
"""

import statistics
import subprocess
import sys
import tempfile

import places

CHILD = r"""
import os, select, sys, threading, time

if "threaded" in sys.argv:
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()

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
    """Runs one round and returns the nanoseconds of each call."""
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
        original, ours = places.make(folder)
        commands = [[original.python, "-c", CHILD], [original.python, "-c", CHILD, "threaded"], [ours.python, "-c", CHILD]]
        children = [subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for c in commands]
        taken = [[round_of(child) for child in children] for _ in range(rounds)]
        for child in children:
            child.communicate()
    print(f"{'nanoseconds a call':32}{'original':>9}{'threaded':>9}{'ours':>7}   ours / original, / threaded; {rounds} rounds")
    for name in taken[0][0]:
        original, threaded, ours = (statistics.median(each[side][name] for each in taken) for side in range(3))
        print(f"{name:32}{original:9.0f}{threaded:9.0f}{ours:7.0f}   {ours / original:15.2f}{ours / threaded:12.2f}")


if __name__ == "__main__":
    main()
