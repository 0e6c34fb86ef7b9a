"""select.epoll."""

import os
import select
import sys
import threading
import time

from common import NUMBERS, TIMES, Fileno, Index, lasts, outcome, outcomes, pipe, raising, ready


def probe_epoll_arguments():
    return [line.split(" object at")[0] for line in
            outcomes(select.epoll, (), (-1,), (0,), (-2,), (1,), (2**31,), (1, 0), (1, select.EPOLL_CLOEXEC), (1, 1), (1, -1), (1, 2**40),
                     (1, 0, 0), ("1",), (None,), (1.5,), (Index(5),), (1, Index(0)), (True,))
            + [outcome(lambda: select.epoll(sizehint=-1, flags=0)), outcome(lambda: select.epoll(size=1)),
               outcome(lambda: select.epoll(flags=select.EPOLL_CLOEXEC)), outcome(lambda: select.epoll(1, sizehint=1))]]


def probe_epoll_is_not_inheritable():
    kept = [select.epoll(flags=flags) for flags in (0, select.EPOLL_CLOEXEC)]
    return [os.get_inheritable(ep.fileno()) for ep in kept]


def probe_epoll_method_arguments():
    ep = select.epoll()
    answers = []
    for method in (ep.register, ep.modify, ep.unregister, ep.poll, ep.fileno, ep.close, ep.__enter__, ep.__exit__, ep.fromfd):
        if method == ep.poll:
            answers += outcomes(method, (0,), (0, 1), (0, 1, 2), ("x",), (0, "x"), (0, 1.0), (0, None), (0, Index(3)))
        elif method not in (ep.close, ep.__exit__, ep.fromfd):
            answers += outcomes(method, (), (900,), (900, 1), (900, 1, 2), (900, 1, 2, 3))[: 1 if method == ep.__enter__ else 5]
        named = [lambda: method(fd=900), lambda: method(fd=900, eventmask=1), lambda: method(900, eventmask=1), lambda: method(900, fd=900),
                 lambda: method(x=1), lambda: method(timeout=0), lambda: method(maxevents=1, timeout=0), lambda: method(0, maxevents=0)]
        answers += [outcome(call) for call in named]
    return [answer.split(" at 0x")[0] for answer in answers] + outcomes(ep.__exit__, (1, 2, 3, 4), (1, 2, 3)) + [ep.closed]


def probe_epoll_descriptors():
    ep = select.epoll()
    methods = (ep.register, lambda n: ep.modify(n, 1), ep.unregister)
    numbers = [n for n in NUMBERS if n not in (0, 1, True)] + [Fileno(n) for n in NUMBERS if n not in (0, 1, True)]
    return [outcome(method, n) for method in methods for n in numbers]


def probe_epoll_masks():
    fd = ready()
    answers = []
    for mask in NUMBERS:
        ep = select.epoll()
        answers += [outcome(ep.register, fd, mask), outcome(ep.modify, fd, mask), outcome(ep.poll, 0)]
    return answers


def probe_epoll_every_bit():
    fd = ready()
    _, full = pipe()
    answers = []
    for bit in range(32):
        ep = select.epoll()
        registered = outcomes(ep.register, (fd, 1 << bit), (full, 1 << bit))
        answers.append([registered, sorted(events for _, events in ep.poll(0))])
    return answers


def probe_epoll_timeouts():
    ep = select.epoll()
    ep.register(ready(), select.EPOLLIN)
    return [outcome(ep.poll, t) for t in TIMES]


def probe_epoll_timeouts_are_rounded_up():
    ep = select.epoll()
    ep.register(pipe()[0], select.EPOLLIN)
    return [lasts(ep.poll, t, t) for t in (0.05, 0.0015, 0.0004, 1e-7, 1e-9, 0)]


def probe_epoll_smallest_negative_timeout():
    r, w = pipe()
    ep = select.epoll()
    ep.register(r, select.EPOLLIN)
    threading.Timer(0.3, os.write, (w, b"x")).start()
    answers = [len(ep.poll(t)) for t in (-1e-9, -0.0001, -0.001)]
    return answers


def probe_epoll_maxevents():
    ep = select.epoll()
    for _ in range(5):
        ep.register(ready(), select.EPOLLIN)
    sizes = (-1, 1, 3, 5, 1022, 1023, 1024, 100000, 0, -2, -(2**31), 2**31 - 1, 178956970 + 1, 2**31, -(2**31) - 1, 2**63, Index(2), True, 2.0)
    return [outcome(lambda n: len(ep.poll(0, n)), n) for n in sizes]


def probe_epoll_takes_turns():
    ep = select.epoll()
    fds = [ready() for _ in range(5)]
    for fd in fds:
        ep.register(fd, select.EPOLLIN)
    return [ep.poll(0, 2) for _ in range(6)]


def probe_epoll_errors_of_control():
    r, w = pipe()
    ep = select.epoll()
    ep.register(r)
    with open(__file__) as file:
        answers = outcomes(ep.register, (r,), (file,), (ep,), (999,), (2**31 - 1,), (w, select.EPOLLEXCLUSIVE | select.EPOLLRDHUP),
                           (w, select.EPOLLEXCLUSIVE | select.EPOLLIN))
        return answers + outcomes(ep.modify, (file, 1), (999, 1), (w, 1), (ep, 1)) + outcomes(ep.unregister, (file,), (999,), (ep,), (w,), (w,))


def probe_epoll_in_epoll():
    inner, outer = select.epoll(), select.epoll()
    outer.register(inner, select.EPOLLIN)
    inner.register(ready(), select.EPOLLIN)
    return [[e for _, e in outer.poll(0)], outcome(inner.register, outer), select.select([inner], [], [], 0)[0] == [inner]]


def probe_epoll_closed():
    ep = select.epoll()
    ep.close()
    ep.close()
    calls = [(ep.fileno,), (ep.register, 0), (ep.register, "x"), (ep.modify, 0, 1), (ep.modify, 0, "x"), (ep.unregister, 0), (ep.poll,), (ep.poll, "x"), (ep.poll, 0, 0),
             (ep.poll, 0, "x"), (ep.__enter__,), (ep.__exit__,), (lambda: ep.closed,), (ep.unregister, Fileno(raising(KeyError(1))))]
    return [outcome(*call) for call in calls] + [outcome(select.select, [ep], [], [], 0)]


def probe_epoll_closed_by_fileno():
    ep = select.epoll()
    fd = ready()
    return [outcome(ep.register, Fileno(lambda: ep.close() or fd)), outcome(ep.poll, 0)]


def probe_epoll_descriptor_closed_behind_it():
    r = ready()
    ep = select.epoll()
    ep.register(r)
    os.close(ep.fileno())
    return [outcome(*c) for c in ((ep.register, r), (ep.modify, r, 1), (ep.unregister, r), (ep.poll, 0), (lambda: ep.closed,), (ep.close,), (ep.close,))]


def probe_epoll_descriptor_is_the_kernels():
    ep = select.epoll()
    fd = ready()
    ep.register(fd, select.EPOLLIN)
    with open(f"/proc/self/fdinfo/{ep.fileno()}") as file:
        known = [line.split()[1] for line in file if line.startswith("tfd")]
    return [os.readlink(f"/proc/self/fd/{ep.fileno()}"), str(fd) in known]


def probe_epoll_fromfd():
    r = ready()
    ep = select.epoll()
    ep.register(r, select.EPOLLIN)
    twin = select.epoll.fromfd(os.dup(ep.fileno()))
    answers = [twin.poll(0) == [(r, 1)], outcome(twin.modify, r, 0), ep.poll(0), outcome(ep.modify, r, 1), twin.poll(0) == [(r, 1)]]
    ep.close()
    answers += [twin.poll(0) == [(r, 1)], twin.closed]
    number = twin.fileno()
    twin.close()
    return answers + [outcome(os.fstat, number)]


def probe_epoll_fromfd_of_numbers():
    """Uses numbers that are not descriptors. The errno of the original for -2 is stale."""
    answers = [outcome(select.epoll.fromfd, n) for n in NUMBERS if not isinstance(n, (int, Index)) or abs(n.__index__()) > 9] + outcomes(select.epoll.fromfd, (), (5, 6), ([],))
    return [answer.split(" object at")[0].split(": [Errno")[0] for answer in answers]


def probe_epoll_fromfd_of_what_is_none():
    r = ready()
    answers = []
    for number in (999, r):
        ep = select.epoll.fromfd(number)
        calls = [(ep.fileno,), (ep.register, r), (ep.register, 999), (ep.modify, r, 1), (ep.unregister, 998), (ep.poll, 0), (lambda: ep.closed,)]
        answers += [outcome(*call) for call in calls]
        answers.append(outcome(ep.close))
    return answers + [outcome(os.fstat, r)]


def probe_epoll_fromfd_of_what_becomes_one():
    late = select.epoll.fromfd(700)
    answers = [outcome(late.poll, 0)]
    ep = select.epoll()
    os.dup2(ep.fileno(), 700)
    r = ready()
    return answers + [outcome(late.register, r, 1), late.poll(0) == [(r, 1)], ep.poll(0) == [(r, 1)]]


def probe_epoll_as_context():
    with select.epoll() as ep:
        inside = ep.closed
    answers = [inside, ep.closed]
    try:
        with select.epoll() as ep:
            raise KeyError(1)
    except KeyError:
        answers.append(ep.closed)
    return answers


def probe_epoll_is_freed_with_its_descriptor():
    before = sys.getrefcount(select.epoll)
    select.epoll().close()
    open_before = len(os.listdir("/proc/self/fd"))
    fd = ready()
    open_before += 2
    for _ in range(2000):
        select.epoll().register(fd)
    return [len(os.listdir("/proc/self/fd")) == open_before, sys.getrefcount(select.epoll) == before]


def probe_epoll_in_many_threads():
    ep = select.epoll()
    r, w = pipe()
    got = []
    threads = [threading.Thread(target=lambda: got.append(ep.poll(20))) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    ep.register(r, select.EPOLLIN)
    os.write(w, b"x")
    for thread in threads:
        thread.join()
    return [len(got), all(answer == [(r, 1)] for answer in got)]


def probe_epoll_out_of_descriptors():
    import resource

    select.epoll().close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
    kept = []
    try:
        while True:
            kept.append(select.epoll())
    except OSError as error:
        return [error.errno, len(kept) > 10]  # ours has two descriptors for each
