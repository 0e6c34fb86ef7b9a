"""Guarantees that the original does not give, and stress tests."""

import gc
import os
import random
import select
import signal
import socket
import threading
import time
import unittest


def pipe(case):
    r, w = os.pipe()
    case.addCleanup(os.close, r)
    case.addCleanup(os.close, w)
    return r, w


class Waiting(unittest.TestCase):
    def test_close_wakes_waiting_threads(self):
        ep = select.epoll()
        answers = []

        def wait():
            try:
                answers.append(ep.poll(60))
            except ValueError as error:
                answers.append(str(error))

        threads = [threading.Thread(target=wait) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        ep.close()
        for thread in threads:
            thread.join(30)
        self.assertEqual(answers, ["I/O operation on closed epoll object"] * 5)

    def test_register_affects_a_wait_in_progress(self):
        r, w = pipe(self)
        os.write(w, b"x")
        with select.epoll() as ep:
            threading.Timer(0.1, ep.register, (r, select.EPOLLIN)).start()
            self.assertEqual(ep.poll(60), [(r, select.EPOLLIN)])

    def test_timeouts_have_nanoseconds_and_never_end_early(self):
        with select.epoll() as ep:
            for wait in (lambda t: ep.poll(t), lambda t: select.poll().poll(t * 1000), lambda t: select.select([], [], [], t)):
                for timeout in (1e-9, 1e-6, 3.3e-4, 1.0001e-3, 0.0123):
                    begin = time.monotonic()
                    wait(timeout)
                    self.assertGreaterEqual(time.monotonic() - begin, timeout)

    def test_many_events_at_once(self):
        pairs = [socket.socketpair() for _ in range(400)]
        with select.epoll() as ep:
            p = select.poll()
            for a, b in pairs:
                a.send(b"x")
                ep.register(b, select.EPOLLIN)
                p.register(b, select.POLLIN)
            expected = [(b.fileno(), 1) for _, b in pairs]
            self.assertEqual(sorted(ep.poll(1)), sorted(expected))
            self.assertEqual(p.poll(1000), expected)
            self.assertEqual(select.select([b for _, b in pairs], [], [], 1)[0], [b for _, b in pairs])
        for a, b in pairs:
            a.close(), b.close()

    def test_objects_are_freed(self):
        r, _ = pipe(self)
        with open("/proc/self/statm") as file:

            def resident():
                file.seek(0)
                return int(file.read().split()[1]) * 4096

            def use():
                for _ in range(20000):
                    p = select.poll()
                    p.register(r)
                    p.poll(0)
                    with select.epoll() as ep:
                        ep.register(r)
                gc.collect()

            use()
            before = resident()
            for _ in range(3):
                use()
            self.assertLess(resident() - before, 16 << 20)

    def test_threads_signals_and_closed_objects_together(self):
        """Closes, changes and frees objects during waits, with threads and signals."""
        stop = time.monotonic() + 4
        pipes = [pipe(self) for _ in range(8)]
        shared = {"ep": select.epoll(), "p": select.poll()}
        unexpected, count = [], []

        def step(rng):
            r, w = rng.choice(pipes)
            ep, p = shared["ep"], shared["p"]
            rng.choice(
                [
                    lambda: ep.register(r, rng.getrandbits(32)),
                    lambda: ep.modify(r, rng.getrandbits(32)),
                    lambda: ep.unregister(rng.choice([r, w, 500])),
                    lambda: ep.poll(rng.choice([0, 1e-4, 0.002]), rng.choice([-1, 1, 5, 5000])),
                    lambda: p.register(r, rng.getrandbits(16)),
                    lambda: p.modify(w, rng.getrandbits(16)),
                    lambda: p.unregister(rng.choice([r, w])),
                    lambda: p.poll(rng.choice([0, 0.1, 2])),
                    lambda: select.select([r, w] * rng.randrange(40), [w], [r], rng.choice([0, 1e-4, 0.002])),
                    lambda: os.write(w, b"x"),
                    lambda: select.select([r], [], [], 0)[0] and os.read(r, 1),
                    lambda: rng.random() < 0.05 and ep.close(),
                    lambda: rng.random() < 0.1 and shared.update(ep=select.epoll(), p=select.poll()),
                    lambda: rng.random() < 0.02 and gc.collect(),
                ]
            )()

        def work(seed):
            rng = random.Random(seed)
            while time.monotonic() < stop or len(count) <= 50 and time.monotonic() < stop + 60:
                try:
                    step(rng)
                except (OSError, KeyError, ValueError, RuntimeError, BlockingIOError):
                    pass
                except BaseException as error:
                    unexpected.append(error)
                    raise

        for _, w in pipes:
            os.set_blocking(w, False)
        for r, _ in pipes:
            os.set_blocking(r, False)
        before = signal.signal(signal.SIGALRM, lambda *_: count.append(shared["p"].register(pipes[0][0])))
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        work(6)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for thread in threads:
            thread.join()
        self.assertEqual(unexpected, [])
        self.assertGreater(len(count), 50)
