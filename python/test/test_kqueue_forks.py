"""kqueue objects in child processes, which see them closed, and stress tests."""

import gc
import os
import random
import select
import signal
import threading
import time
import unittest

from child import run
from test_waiting import pipe

QUEUES = """
import gc, os, select, threading
r, w = os.pipe()
os.write(w, b'x')
kq, shared = select.kqueue(), select.kqueue()
twin = select.kqueue.fromfd(os.dup(shared.fileno()))
later = select.kqueue.fromfd(shared.fileno())
kq.control([select.kevent(r)], 0)
twin.control([select.kevent(r)], 0)
def works(kq):
    return [event.ident for event in kq.control(None, 4, 5)] == [r]
def new():
    kq = select.kqueue()
    kq.control([select.kevent(r)], 0)
    return kq
def is_closed(kq):
    try:
        kq.fileno()
    except ValueError:
        pass
    else:
        return False
    try:
        kq.control([select.kevent(w, select.KQ_FILTER_WRITE)], 1, 0)
    except ValueError as error:
        return kq.closed and str(error) == 'I/O operation on closed kqueue object'
def status(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert works(kq) and works(twin)
"""


class Children(unittest.TestCase):
    def test_a_child_sees_it_closed(self):
        code = """
numbers = [q.fileno() for q in (kq, shared, twin)]
pid = os.fork()
if pid == 0:
    assert all(is_closed(q) for q in (kq, shared, twin, later))
    mine = new()
    assert works(mine)
    for q in (kq, shared, twin, later):
        q.close(), q.close()
    # The inherited numbers are free, and the child's own queue has another one.
    for number in numbers:
        try:
            os.fstat(number)
        except OSError:
            continue
        os._exit(1)
    os._exit(5 if works(mine) else 2)
print(status(pid))
assert works(kq) and works(twin), 'the child changed the queues of its parent'
kq.close(), twin.close(), shared.close()
"""
        self.assertEqual(run(QUEUES + code, extra="kqueue"), "5")

    def test_generations(self):
        code = """
depth = 0
while depth < 10:
    before, kq = kq, new()
    pid = os.fork()
    if pid:
        code = status(pid)
        assert works(kq)
        print(code) if depth == 0 else os._exit(code)
        break
    depth += 1
    if not is_closed(kq) or not is_closed(before):
        os._exit(100 + depth)
    kq = new()
    if not works(kq):
        os._exit(200 + depth)
else:
    os._exit(7)
"""
        self.assertEqual(run(QUEUES + code, extra="kqueue"), "7")

    def test_fromfd_of_a_parents_queue_fails(self):
        code = """
number = kq.fileno()
pid = os.fork()
if pid == 0:
    try:
        select.kqueue.fromfd(number).control(None, 1, 0)
    except OSError as error:
        os._exit(error.errno)
print(status(pid))
"""
        self.assertEqual(run(QUEUES + code, extra="kqueue"), "9")

    def test_a_signal_handler_forks_during_a_wait(self):
        code = """
import signal
children = []
def forks(*_):
    children.append(os.fork())
signal.signal(signal.SIGALRM, forks)
signal.setitimer(signal.ITIMER_REAL, 0.05)
idle = select.kqueue()
try:
    assert idle.control(None, 1, 0.3) == []
except ValueError:
    os._exit(6 if children == [0] and works(new()) else 1)
print(status(children[0]))
"""
        self.assertEqual(run(QUEUES + code, extra="kqueue"), "6")

    def test_forks_while_threads_use_queues(self):
        code = """
stop = False
def busy():
    while not stop:
        new().control(None, 1, 0.001)
        kq.control(None, 1, 0)
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads: thread.start()
for _ in range(30):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if is_closed(kq) and works(new()) else 1)
    assert status(pid) == 0
stop = True
for thread in threads: thread.join()
assert works(kq)
"""
        run(QUEUES + code, extra="kqueue")

    def test_no_descriptor_is_left_open(self):
        code = """
def numbers():
    found = os.listdir('/proc/self/fd')
    return sorted(int(number) for number in found if os.path.exists(f'/proc/self/fd/{number}'))
for q in (kq, shared, twin, later): q.close()
before = numbers()
for _ in range(50):
    q = new()
    q.control([select.kevent(r, select.KQ_FILTER_TIMER, data=1000), select.kevent(w, select.KQ_FILTER_WRITE)], 0)
    assert all(not os.get_inheritable(number) for number in numbers() if number > w), numbers()
    q.close()
    q = new()
del q
assert numbers() == before, (numbers(), before)
"""
        run(QUEUES + code, extra="kqueue")


class Stress(unittest.TestCase):
    def test_threads_signals_and_closed_queues_together(self):
        """Closes, changes and frees queues during waits, with threads and signals."""
        stop = time.monotonic() + 2
        pipes = [pipe(self) for _ in range(8)]
        for r, w in pipes:
            os.set_blocking(r, False), os.set_blocking(w, False)
        shared = [select.kqueue()]
        unexpected, count = [], []
        filters = [-1, -1, -2, -6, -7, -7, -99]

        def change(rng):
            filter = rng.choice(filters)
            ident = signal.SIGUSR2 if filter == -6 else rng.choice(rng.choice(pipes))
            flags = rng.choice([1, 1, 1, 2, rng.getrandbits(8)])
            return select.kevent(ident, filter, flags, 0, rng.choice([0, 1, 5, -1]), rng.getrandbits(64))

        def step(rng):
            kq = shared[0]
            rng.choice(
                [
                    lambda: kq.control([change(rng) for _ in range(rng.randrange(40))], rng.choice([0, 1, 50]), 0),
                    lambda: kq.control([change(rng)], 1, rng.choice([0, 1e-4, 0.002])),
                    lambda: kq.control(None, rng.choice([1, 20]), rng.choice([0, 1e-4, 0.002])),
                    lambda: os.write(rng.choice(pipes)[1], b"x"),
                    lambda: os.read(rng.choice(pipes)[0], 9),
                    lambda: rng.random() < 0.05 and kq.close(),
                    lambda: rng.random() < 0.1 and shared.__setitem__(0, select.kqueue()),
                    lambda: rng.random() < 0.02 and gc.collect(),
                    lambda: rng.random() < 0.1 and os.kill(os.getpid(), signal.SIGUSR2),
                ]
            )()

        def work(seed):
            rng = random.Random(seed)
            while time.monotonic() < stop or len(count) <= 10 and time.monotonic() < stop + 60:
                try:
                    step(rng)
                except (OSError, ValueError):
                    pass
                except BaseException as error:
                    unexpected.append(error)
                    raise

        before = signal.signal(signal.SIGUSR2, lambda *_: count.append(1))
        self.addCleanup(signal.signal, signal.SIGUSR2, before)
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        work(6)
        for thread in threads:
            thread.join()
        self.assertEqual(unexpected, [])
        self.assertGreater(len(count), 10)
