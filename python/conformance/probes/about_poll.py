"""select.poll and its objects."""

import gc
import os
import resource
import select
import threading
import time

from common import NUMBERS, TIMES, Fileno, lasts, outcome, outcomes, pipe, raising, ready


def probe_poll_takes_no_arguments():
    return [outcome(select.poll, 1), outcome(lambda: select.poll(a=1))]


def probe_poll_method_arguments():
    p = select.poll()
    answers = outcomes(p.poll, (0,), (0, 1), (None, 1))
    p.register(ready())
    answers.append(len(p.poll()))
    for method in (p.register, p.modify, p.unregister):
        answers += outcomes(method, (), (0,), (0, 1), (0, 1, 2), (0, 1, 2, 3))
        answers.append(outcome(lambda: method(fd=0)))
        answers.append(outcome(lambda: method(timeout=0)))
    return answers


def probe_poll_descriptors():
    p = select.poll()
    methods = (p.register, lambda n: p.modify(n, 1), p.unregister)
    return [outcome(method, n) for method in methods for n in NUMBERS + [Fileno(n) for n in NUMBERS] if n is not object]


def probe_poll_masks():
    fd = ready()
    answers = []
    for mask in NUMBERS:
        p = select.poll()
        answers += [outcome(p.register, fd, mask), outcome(p.modify, fd, mask), outcome(p.poll, 0)]
    return answers


def probe_poll_every_bit():
    fd = ready()
    _, full = pipe()
    answers = []
    for bit in range(16):
        p = select.poll()
        p.register(fd, 1 << bit)
        p.register(full, 1 << bit)
        answers.append(sorted(events for _, events in p.poll(0)))
    return answers


def probe_poll_timeouts():
    p = select.poll()
    p.register(ready(), select.POLLIN)
    return [outcome(p.poll, t) for t in TIMES]


def probe_poll_timeouts_are_rounded_up():
    p = select.poll()
    p.register(pipe()[0], select.POLLIN)
    return [lasts(p.poll, t, t / 1000) for t in (50, 1.5, 0.4, 0.0001, 1e-6, 0)]


def probe_poll_smallest_negative_timeout():
    """Distinguishes no wait from a wait without a limit, which ends when a descriptor is ready."""
    r, w = pipe()
    p = select.poll()
    p.register(r, select.POLLIN)
    threading.Timer(0.3, os.write, (w, b"x")).start()
    return [len(p.poll(-1e-9)) for _ in range(1)]


def probe_poll_unknown_descriptor():
    p = select.poll()
    p.register(0)
    p.unregister(0)
    return [outcome(f, *a) for f, a in ((p.modify, (7, 1)), (p.modify, (0, 1)), (p.unregister, (7,)), (p.unregister, (0,)))]


def probe_poll_key_error_has_the_key():
    try:
        select.poll().unregister(Fileno(12))
    except KeyError as error:
        return [repr(error.args), type(error.args[0]).__name__]


def probe_poll_order():
    fds = [ready() for _ in range(9)]
    p = select.poll()
    for fd in fds[::-1]:
        p.register(fd, select.POLLIN)
    answers = [p.poll(0)]
    p.register(fds[4], select.POLLIN | select.POLLPRI)
    p.modify(fds[2], select.POLLIN)
    answers.append(p.poll(0))
    p.unregister(fds[7])
    p.register(fds[7], select.POLLIN)
    answers.append(p.poll(0))
    for fd in fds[:5]:
        p.unregister(fd)
    for fd in fds[:5]:
        p.register(fd)
    answers.append(p.poll(0))
    return answers


def probe_poll_order_of_many():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    fd = ready()
    fds = [os.dup(fd) for _ in range(2000)]
    order = fds[1::2] + fds[::2][::-1]
    p = select.poll()
    for number in order:
        p.register(number, select.POLLIN)
    for number in order[::3]:
        p.unregister(number)
    for number in order[::6]:
        p.register(number, select.POLLIN)
    return p.poll(0)


def probe_poll_default_mask():
    p = select.poll()
    _, w = pipe()
    p.register(w)
    return p.poll(0)


def probe_poll_closed_and_never_opened_descriptors():
    r, w = pipe()
    p = select.poll()
    for fd in (r, w, 999, 2**31 - 1):
        p.register(fd)
    os.close(r)
    return p.poll(0)


def probe_poll_hangs_up():
    r, w = pipe()
    p = select.poll()
    p.register(r, 0)
    os.close(w)
    return p.poll(0)


def probe_poll_more_than_the_limit():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    p = select.poll()
    for fd in range(100):
        p.register(fd, 0)
    return outcome(p.poll, 0)


def probe_poll_empty():
    return [select.poll().poll(0), lasts(select.poll().poll, 20, 0.02)]


def probe_poll_at_the_same_time():
    r, w = pipe()
    p = select.poll()
    p.register(r, select.POLLIN)
    thread = threading.Thread(target=p.poll)
    thread.start()
    time.sleep(0.2)
    answers = [outcome(p.poll, 0), outcome(p.poll, "x"), outcome(p.register, w), outcome(p.unregister, w)]
    os.write(w, b"x")
    thread.join()
    return answers + [outcome(p.poll, 0)]


def probe_poll_changed_by_fileno():
    """Uses a fileno() that registers and unregisters in the object that calls it."""
    fd = ready()
    p = select.poll()
    answers = [outcome(p.register, Fileno(lambda: p.register(fd, 1) or fd), 4), p.poll(0)]
    return answers + [outcome(p.unregister, Fileno(lambda: p.unregister(fd) or fd)), p.poll(0)]


def probe_poll_fileno_that_fails():
    p = select.poll()
    cases = [raising(KeyError("x")), raising(SystemExit(3)), lambda: "1", lambda: None, lambda: -1, lambda: 2**70]
    return [outcome(f, Fileno(c)) for f in (p.register, p.unregister, lambda o: p.modify(o, 1)) for c in cases] + [p.poll(0)]


def probe_poll_objects_are_freed():
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3000):
        p = select.poll()
        p.register(0)
    return len(os.listdir("/proc/self/fd")) == before
