"""devpoll objects, in addition to CPython's tests."""

import copy
import errno
import gc
import os
import pickle
import random
import select
import signal
import sys
import tempfile
import threading
import time
import unittest

from child import run
from test_waiting import pipe

CLOSED = "I/O operation on closed devpoll object"
IN, OUT, HUP, NVAL = select.POLLIN, select.POLLOUT, select.POLLHUP, select.POLLNVAL


class Devpolls(unittest.TestCase):
    def setUp(self):
        self.dp = select.devpoll()
        self.addCleanup(self.dp.close)

    def test_what_the_type_does_not_support(self):
        self.assertRaises(TypeError, select.devpoll, 1)
        self.assertRaises(TypeError, type(self.dp))
        self.assertRaises(TypeError, type, "Sub", (type(self.dp),), {})
        self.assertRaises(TypeError, pickle.dumps, self.dp)
        self.assertRaises(TypeError, copy.copy, self.dp)
        for name, value in (("closed", True), ("other", 1)):
            self.assertRaises(AttributeError, setattr, self.dp, name, value)
        self.assertEqual((type(self.dp).__name__, type(self.dp).__module__), ("devpoll", "select"))

    def test_registering(self):
        r, w = pipe(self)
        dp = self.dp
        dp.register(r)
        dp.register(w, OUT)
        self.assertEqual(dp.poll(0), [(w, OUT)])
        dp.register(w, 0)  # again, which replaces the mask
        self.assertEqual(dp.poll(0), [])
        os.write(w, b"x")
        self.assertEqual(dp.poll(), [(r, IN)])
        dp.modify(w)  # the default mask
        self.assertEqual(sorted(dp.poll(-1)), sorted([(r, IN), (w, OUT)]))
        dp.modify(r, 0)
        dp.unregister(w)
        dp.unregister(w)  # ignored, because it is not registered
        self.assertEqual(dp.poll(1), [])
        dp.modify(w, OUT)  # modify registers an unknown descriptor
        self.assertEqual(dp.poll(1), [(w, OUT)])

    def test_wrong_arguments(self):
        dp = self.dp
        for error, call in (
            (ValueError, lambda: dp.register(-1)),
            (ValueError, lambda: dp.unregister(-1)),
            (ValueError, lambda: dp.register(0, -1)),
            (OverflowError, lambda: dp.register(0, 2**16)),
            (OverflowError, lambda: dp.modify(2**31)),
            (TypeError, lambda: dp.register("0")),
            (TypeError, lambda: dp.register(0, "1")),
            (TypeError, lambda: dp.register()),
            (TypeError, lambda: dp.register(0, 1, 2)),
            (TypeError, lambda: dp.register(fd=0)),
            (TypeError, lambda: dp.modify()),
            (TypeError, lambda: dp.unregister()),
            (TypeError, lambda: dp.unregister(None)),
            (TypeError, lambda: dp.poll("1")),
            (TypeError, lambda: dp.poll(1, 2)),
            (OverflowError, lambda: dp.poll(-1.1)),
            (OverflowError, lambda: dp.poll(2**31)),
            (ValueError, lambda: dp.poll(float("nan"))),
        ):
            self.assertRaises(error, call)
        with self.assertRaises(OSError) as caught:
            dp.register(0, 0x8000)  # not an event
        self.assertEqual(caught.exception.errno, errno.EINVAL)
        self.assertEqual(dp.poll(0), [])

    def test_closed_descriptors_and_files(self):
        r, w = os.pipe()
        self.dp.register(r, IN)
        os.close(w)
        self.assertEqual(self.dp.poll(5000), [(r, HUP)])
        os.close(r)
        self.assertEqual(self.dp.poll(5000), [(r, NVAL)])
        self.dp.unregister(r)
        with tempfile.TemporaryFile() as file:
            self.dp.register(file, IN | OUT)
            self.assertEqual(self.dp.poll(5000), [(file.fileno(), IN | OUT)])
            self.dp.unregister(file)

    def test_timeouts_are_never_early(self):
        for timeout in (0, 1e-6, 0.33, 1.0001, 12.3):
            begin = time.monotonic()
            self.assertEqual(self.dp.poll(timeout), [])
            self.assertGreaterEqual(time.monotonic() - begin, timeout / 1000)

    def test_after_close(self):
        self.dp.close()
        self.dp.close()
        self.assertTrue(self.dp.closed)
        for call in (self.dp.fileno, self.dp.poll, lambda: self.dp.poll("1"), lambda: self.dp.register(0)):
            with self.assertRaisesRegex(ValueError, CLOSED):
                call()

    def test_close_wakes_waiting_threads(self):
        answers = []

        def wait():
            try:
                answers.append(self.dp.poll(60000))
            except ValueError as error:
                answers.append(str(error))

        threads = [threading.Thread(target=wait) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        self.dp.close()
        for thread in threads:
            thread.join(30)
        self.assertEqual(answers, [CLOSED] * 5)

    def test_register_affects_a_wait_in_progress(self):
        r, w = pipe(self)
        os.write(w, b"x")
        threading.Timer(0.1, self.dp.register, (r,)).start()
        self.assertEqual(self.dp.poll(60000), [(r, IN)])

    def test_signal_handlers_during_a_wait(self):
        class Mine(Exception):
            pass

        def raises(*_):
            raise Mine

        count = []
        before = signal.signal(signal.SIGALRM, lambda *_: count.append(1))
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        begin = time.monotonic()
        self.assertEqual(self.dp.poll(150), [])
        self.assertGreaterEqual(time.monotonic() - begin, 0.15)
        while len(count) <= 1 and time.monotonic() < begin + 60:  # a busy machine merges signals
            self.assertEqual(self.dp.poll(50), [])
        self.assertGreater(len(count), 1)
        signal.signal(signal.SIGALRM, raises)
        self.assertRaises(Mine, self.dp.poll)
        signal.signal(signal.SIGALRM, lambda *_: self.dp.close())
        self.assertRaisesRegex(ValueError, CLOSED, self.dp.poll)

    def test_objects_are_freed(self):
        r, w = pipe(self)
        count = sys.getrefcount(type(self.dp))
        nones = sys.getrefcount(None)

        def use():
            for _ in range(3000):
                dp = select.devpoll()
                dp.register(r), dp.register(w, OUT), dp.poll(0), dp.poll(None)
                for wrong in (lambda: dp.poll("1"), lambda: dp.register(w, -1)):
                    try:
                        wrong()
                    except (TypeError, ValueError):
                        pass
            gc.collect()

        use(), use()
        with open("/proc/self/statm") as file:
            before = int(file.read().split()[1])
            for _ in range(3):
                use()
            file.seek(0)
            self.assertLess((int(file.read().split()[1]) - before) * 4096, 4 << 20)
        self.assertEqual(sys.getrefcount(type(self.dp)), count)
        self.assertLess(abs(sys.getrefcount(None) - nones), 1000)

    def test_threads_and_closed_objects_together(self):
        """Closes, changes and frees objects during waits in several threads."""
        stop = time.monotonic() + 1.5
        pipes = [pipe(self) for _ in range(8)]
        for r, w in pipes:
            os.set_blocking(r, False), os.set_blocking(w, False)
        shared = [select.devpoll()]
        unexpected = []

        def step(rng):
            dp, (r, w) = shared[0], rng.choice(pipes)
            rng.choice(
                [
                    lambda: dp.register(rng.choice([r, w, 500]), rng.getrandbits(16)),
                    lambda: dp.modify(rng.choice([r, w]), rng.getrandbits(3)),
                    lambda: dp.unregister(rng.choice([r, w, 500])),
                    lambda: dp.poll(rng.choice([0, 0.1, 2])),
                    lambda: os.write(w, b"x"),
                    lambda: os.read(r, 9),
                    lambda: rng.random() < 0.05 and dp.close(),
                    lambda: rng.random() < 0.1 and shared.__setitem__(0, select.devpoll()),
                    lambda: rng.random() < 0.02 and gc.collect(),
                ]
            )()

        def work(seed):
            rng = random.Random(seed)
            while time.monotonic() < stop:
                try:
                    step(rng)
                except (OSError, ValueError):
                    pass
                except BaseException as error:
                    unexpected.append(error)
                    raise

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(unexpected, [])


class Children(unittest.TestCase):
    def test_a_child_cannot_use_it(self):
        code = """
import errno, os, select
r, w = os.pipe()
dp = select.devpoll()
dp.register(w, select.POLLOUT)
assert dp.poll(5000) == [(w, select.POLLOUT)]
def refused(call, *args):
    try:
        call(*args)
    except OSError as error:
        return error.errno == errno.EACCES
pid = os.fork()
if pid == 0:
    number = dp.fileno()
    assert not dp.closed
    assert refused(dp.register, r) and refused(dp.modify, w) and refused(dp.unregister, w) and refused(dp.poll, 0)
    mine = select.devpoll()
    mine.register(w, select.POLLOUT)
    assert mine.poll(5000) == [(w, select.POLLOUT)]
    dp.close()
    assert dp.closed
    try:
        os.fstat(number)
    except OSError:
        os._exit(5 if mine.poll(5000) == [(w, select.POLLOUT)] else 2)
    os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
assert dp.poll(5000) == [(w, select.POLLOUT)]
"""
        self.assertEqual(run(code, extra="devpoll"), "5")

    def test_a_signal_handler_forks_during_a_wait(self):
        code = """
import errno, os, select, signal
children = []
dp = select.devpoll()
signal.signal(signal.SIGALRM, lambda *_: children.append(os.fork()))
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    assert dp.poll(300) == []
except OSError as error:
    os._exit(error.errno if children == [0] else 1)
print(os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
"""
        self.assertEqual(run(code, extra="devpoll"), "13")

    def test_no_descriptor_is_left_open(self):
        code = """
import os, select
def numbers():
    found = os.listdir('/proc/self/fd')
    return sorted(int(number) for number in found if os.path.exists(f'/proc/self/fd/{number}'))
before = numbers()
pipes = [os.pipe() for _ in range(100)]
for r, w in pipes:
    before += [r, w]
for _ in range(20):
    dp = select.devpoll()
    for r, w in pipes:
        dp.register(r)
    dp.poll(0), dp.poll(1)
    assert all(not os.get_inheritable(number) for number in numbers() if number > 2)
    dp.close()
    dp = select.devpoll()
del dp
assert numbers() == sorted(before), (numbers(), before)
"""
        run(code, extra="devpoll")
