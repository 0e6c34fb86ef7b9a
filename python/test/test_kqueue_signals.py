"""Signals that kqueues watch while Python handles them."""

import os
import select
import signal
import threading
import time
import unittest

from child import run

WATCH = """
import os, select, signal, subprocess, sys, time
kq = select.kqueue()
def watch(number, flags=select.KQ_EV_ADD):
    kq.control([select.kevent(number, select.KQ_FILTER_SIGNAL, flags)], 0)
def status(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


class Signals(unittest.TestCase):
    def setUp(self):
        self.kq = select.kqueue()
        self.addCleanup(self.kq.close)
        self.seen = []
        before = signal.signal(signal.SIGUSR1, lambda *_: self.seen.append("first"))
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        self.watch(signal.SIGUSR1)

    def watch(self, number, flags=select.KQ_EV_ADD, kq=None):
        (kq or self.kq).control([select.kevent(number, select.KQ_FILTER_SIGNAL, flags)], 0)

    def counted(self, times):
        """Waits until the queue has reported the signal that many times."""
        end = time.monotonic() + 30
        while times > 0 and time.monotonic() < end:
            for event in self.kq.control(None, 9, 1):
                self.assertEqual((event.ident, event.filter), (signal.SIGUSR1, select.KQ_FILTER_SIGNAL))
                times -= event.data
        self.assertEqual(times, 0)

    def test_signals_are_counted_and_handled(self):
        for _ in range(500):
            signal.raise_signal(signal.SIGUSR1)
        self.counted(500)
        self.assertEqual(self.seen, ["first"] * 500)
        self.assertEqual(self.kq.control(None, 1, 0), [])

    def test_handlers_that_are_installed_later(self):
        signal.signal(signal.SIGUSR1, lambda *_: self.seen.append("second"))
        self.kq.control(None, 1, 0)
        signal.raise_signal(signal.SIGUSR1)
        self.counted(1)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        self.kq.control(None, 1, 0)
        signal.raise_signal(signal.SIGUSR1)
        self.counted(1)
        self.assertEqual(self.seen, ["second"])

    def test_earlier_handlers_are_restored(self):
        for end in (
            lambda: self.watch(signal.SIGUSR1, select.KQ_EV_DELETE),
            lambda: self.kq.close(),
        ):
            end()
            signal.raise_signal(signal.SIGUSR1)
            self.kq = select.kqueue()
            self.addCleanup(self.kq.close)
            self.watch(signal.SIGUSR1)
        self.assertEqual(self.seen, ["first"] * 2)
        self.assertEqual(self.kq.control(None, 1, 0.01), [])
        signal.raise_signal(signal.SIGUSR1)
        self.counted(1)
        self.assertEqual(signal.getsignal(signal.SIGUSR1).__qualname__.split(".")[0], "Signals")

    def test_one_shot(self):
        self.watch(signal.SIGUSR1, select.KQ_EV_DELETE)  # flags of an existing one would not change
        self.watch(signal.SIGUSR1, select.KQ_EV_ADD | select.KQ_EV_ONESHOT)
        signal.raise_signal(signal.SIGUSR1)
        self.counted(1)
        signal.raise_signal(signal.SIGUSR1)
        self.assertEqual(self.kq.control(None, 1, 0.01), [])
        self.assertEqual(self.seen, ["first"] * 2)

    def test_two_queues(self):
        other = select.kqueue()
        self.addCleanup(other.close)
        self.watch(signal.SIGUSR1, kq=other)
        signal.raise_signal(signal.SIGUSR1)
        self.counted(1)
        (event,) = other.control(None, 1, 30)
        self.assertEqual(event.data, 1)
        other.close()
        signal.raise_signal(signal.SIGUSR1)
        self.counted(1)
        self.assertEqual(self.seen, ["first"] * 2)

    def test_a_thread_waits_and_the_main_one_handles(self):
        told = []
        thread = threading.Thread(target=lambda: told.extend(self.kq.control(None, 1, 60)))
        thread.start()
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGUSR1)
        thread.join(30)
        self.assertEqual([event.ident for event in told], [signal.SIGUSR1])
        self.assertEqual(self.seen, ["first"])

    def test_signals_that_the_go_runtime_uses(self):
        """The Go runtime has handlers of its own for these."""
        for number in (signal.SIGPIPE, signal.SIGURG, signal.SIGPROF, signal.SIGSYS, signal.SIGRTMAX):
            before = signal.signal(number, lambda got, _: self.seen.append(got))
            self.watch(number)
            signal.raise_signal(number)
            (event,) = self.kq.control(None, 1, 30)
            self.watch(number, select.KQ_EV_DELETE)
            signal.signal(number, before)
            self.assertEqual((event.ident, event.data, self.seen.pop()), (number, 1, number))

    def test_numbers_that_are_not_signals(self):
        for number in (0, 65, 2**32 + 10):
            with self.assertRaises(OSError):
                self.watch(number)
        self.watch(signal.SIGKILL)  # accepted, but never reported


class Processes(unittest.TestCase):
    def test_a_fault_still_ends_the_process(self):
        code = """
pid = os.fork()
if pid == 0:
    import ctypes, faulthandler, resource
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_CPU, (5, 5))  # in case the instruction repeats without end
    kq = select.kqueue()
    watch(signal.SIGSEGV)
    ctypes.string_at(0)
print(status(pid))
"""
        self.assertEqual(run(WATCH + code, extra="kqueue"), "-11")

    def test_nothing_is_watched_in_a_child(self):
        code = """
watch(signal.SIGUSR1); watch(signal.SIGUSR2)
signal.signal(signal.SIGUSR2, lambda *_: os._exit(9))
kq.control(None, 0)
for number in (signal.SIGUSR1, signal.SIGUSR2):
    pid = os.fork()
    if pid == 0:
        signal.raise_signal(number)
        time.sleep(30)
    print(status(pid))
print(kq.control(None, 9, 0.05))
signal.raise_signal(signal.SIGUSR1)
print([event.ident for event in kq.control(None, 9, 30)])
"""
        self.assertEqual(run(WATCH + code, extra="kqueue").split("\n"), ["-10", "9", "[]", "[10]"])

    def test_ignored_children_are_reaped(self):
        code = """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
watch(signal.SIGCHLD)
pid = os.fork()
if pid == 0:
    os._exit(0)
print([event.ident for event in kq.control(None, 9, 30)])
try:
    os.waitpid(pid, 0)
except ChildProcessError:
    print('nobody')
"""
        self.assertEqual(run(WATCH + code, extra="kqueue").split("\n"), ["[17]", "nobody"])
