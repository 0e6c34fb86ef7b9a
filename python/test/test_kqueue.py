"""kqueue objects, in addition to CPython's tests."""

import copy
import errno
import gc
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from test_waiting import pipe

ADD, DELETE = select.KQ_EV_ADD, select.KQ_EV_DELETE
CLOSED = "I/O operation on closed kqueue object"


def events(list_of_kevents):
    return sorted((event.ident, event.filter) for event in list_of_kevents)


def queue(case):
    kq = select.kqueue()
    case.addCleanup(kq.close)
    return kq


class Objects(unittest.TestCase):
    def test_a_queue(self):
        kq = queue(self)
        self.assertFalse(os.get_inheritable(kq.fileno()))
        self.assertNotEqual(kq, select.kqueue())
        self.assertEqual(len({kq, kq}), 1)
        for wrong in ((1,), (None,)):
            self.assertRaises(TypeError, select.kqueue, *wrong)
        self.assertRaises(TypeError, select.kqueue, fd=3)
        self.assertRaises(TypeError, type, "Sub", (select.kqueue,), {})
        self.assertRaises(TypeError, pickle.dumps, kq)
        self.assertRaises(TypeError, copy.copy, kq)
        for name, value in (("closed", True), ("other", 1)):
            self.assertRaises(AttributeError, setattr, kq, name, value)

    def test_after_close(self):
        kq = select.kqueue()
        kq.close()
        kq.close()
        self.assertTrue(kq.closed)
        for call in (kq.fileno, lambda: kq.control(None, 0), lambda: kq.control([select.kevent(1)], 1, 0)):
            with self.assertRaisesRegex(ValueError, CLOSED):
                call()

    def test_fromfd_of_other_numbers(self):
        r, _ = pipe(self)
        with select.epoll() as ep:
            for number in (r, ep.fileno(), 10**6):
                kq = select.kqueue.fromfd(os.dup(number) if number < 10**6 else number)
                with self.assertRaises(OSError) as caught:
                    kq.control(None, 1, 0)
                self.assertEqual(caught.exception.errno, errno.EBADF)
                kq.close()
        with self.assertRaises(OSError) as caught:
            select.kqueue.fromfd(-5)
        self.assertEqual(caught.exception.errno, errno.EBADF)
        for wrong in (None, "1", 1.5, 2**31):
            self.assertRaises((TypeError, OverflowError), select.kqueue.fromfd, wrong)

    def test_fromfd_of_a_duplicate(self):
        r, w = pipe(self)
        kq = queue(self)
        twin = select.kqueue.fromfd(os.dup(kq.fileno()))
        twin.control([select.kevent(r)], 0)
        os.write(w, b"x")
        self.assertEqual(events(kq.control(None, 5, 5)), [(r, select.KQ_FILTER_READ)])
        twin.close()
        self.assertEqual(events(kq.control(None, 5, 5)), [(r, select.KQ_FILTER_READ)])

    def test_other_mechanisms_wait_for_a_queue(self):
        r, w = pipe(self)
        kq, outer = queue(self), queue(self)
        kq.control([select.kevent(r)], 0)
        outer.control([select.kevent(kq)], 0)
        self.assertEqual(select.select([kq], [], [], 0), ([], [], []))
        self.assertEqual(outer.control(None, 1, 0), [])
        os.write(w, b"x")
        self.assertEqual(select.select([kq], [], [], 5), ([kq], [], []))
        self.assertEqual(events(outer.control(None, 1, 5)), [(kq.fileno(), select.KQ_FILTER_READ)])

    def test_objects_are_freed(self):
        r, w = pipe(self)
        os.write(w, b"x")
        event = select.kevent(r)
        many = [event] * 20
        kept = (event, many, select.kevent, select.kqueue, None)
        count = [sys.getrefcount(o) for o in kept[:-1]]

        def use():
            for _ in range(3000):
                kq = select.kqueue()
                kq.control(many, 100, 0), kq.control([event], 1, None), kq.control(iter(many), 0)
                for wrong in ((many + [None], 1, 0), (many, 1, "x"), (many, -1), (7, 1), (many,)):
                    try:
                        kq.control(*wrong)
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
        self.assertEqual([sys.getrefcount(o) for o in kept[:-1]], count)


class Arguments(unittest.TestCase):
    def test_wrong_arguments(self):
        kq = queue(self)
        change = select.kevent(0)
        for error, text, arguments in (
            (ValueError, "Length of eventlist must be 0 or positive, got -1", (None, -1)),
            (ValueError, "timeout must be positive or None", (None, 1, -0.1)),
            (ValueError, "timeout must be positive or None", (None, 1, -1)),
            (TypeError, "timeout argument must be a number or None, got str", (None, 1, "1")),
            (TypeError, "timeout argument must be a number or None, got float", (None, 1, 1e300)),
            (TypeError, "changelist is not iterable", (1, 1, 0)),
            (TypeError, "changelist is not iterable", (change, 1, 0)),
            (TypeError, "changelist must be an iterable of select.kevent objects", ([change, None], 1, 0)),
            (TypeError, "changelist must be an iterable of select.kevent objects", ("ab", 1, 0)),
            (TypeError, "", ()),
            (TypeError, "", (None,)),
            (TypeError, "", (None, None)),
            (TypeError, "", (None, 1.0)),
            (TypeError, "", (None, 1, 0, 0)),
            (OverflowError, "", (None, 2**31)),
        ):
            with self.assertRaisesRegex(error, text):
                kq.control(*arguments)
        self.assertRaises(TypeError, kq.control, changelist=None, maxevents=1)

    def test_the_changelist_raises_or_closes(self):
        kq = select.kqueue()

        def raising():
            yield select.kevent(0)
            raise KeyError("mine")

        self.assertRaises(KeyError, kq.control, raising(), 0)

        def closing():
            kq.close()
            yield select.kevent(0)

        self.assertRaisesRegex(ValueError, CLOSED, kq.control, closing(), 0)

    def test_failures_are_events_or_exceptions(self):
        kq = queue(self)
        r, w = pipe(self)
        bad, good = select.kevent(r, flags=DELETE, udata=7), select.kevent(w, select.KQ_FILTER_WRITE)
        (event,) = kq.control([bad], 1, None)
        self.assertEqual((event.flags, event.data, event.udata), (select.KQ_EV_ERROR, errno.ENOENT, 7))
        with self.assertRaises(OSError) as caught:
            kq.control([bad, good], 0)
        self.assertEqual(caught.exception.errno, errno.ENOENT)
        self.assertEqual(kq.control(None, 2, 0), [])  # the change after the failed one was not made
        self.assertEqual([event.data for event in kq.control([bad, good, bad], 3, None)], [errno.ENOENT] * 2)
        self.assertEqual(events(kq.control(None, 2, 0)), [(w, select.KQ_FILTER_WRITE)])
        with self.assertRaises(OSError) as caught:
            kq.control([select.kevent(0, select.KQ_FILTER_AIO, ADD)], 5, None)
        self.assertEqual(caught.exception.errno, errno.EOPNOTSUPP)
        (event,) = kq.control([select.kevent(0, -77)], 1, None)
        self.assertEqual((event.flags, event.data), (select.KQ_EV_ERROR, errno.EINVAL))

    def test_network_interfaces(self):
        kq = queue(self)
        all_links = select.kevent(0, select.KQ_FILTER_NETDEV, ADD, select.KQ_NOTE_LINKUP)
        self.assertEqual(kq.control([all_links], 1, 0), [])
        missing = select.kevent(2**31 - 1, select.KQ_FILTER_NETDEV, ADD, select.KQ_NOTE_LINKUP)
        (event,) = kq.control([missing], 1, 0)
        self.assertEqual((event.flags, event.data), (select.KQ_EV_ERROR, errno.ENXIO))

    def test_adding_modifying_deleting(self):
        r, w = pipe(self)
        os.write(w, b"abc")
        kq = queue(self)
        for flags, answer in (
            (ADD, [3]),
            (select.KQ_EV_DISABLE, []),
            (select.KQ_EV_ENABLE, [3]),
            (ADD | select.KQ_EV_CLEAR, [3]),  # the flags of the first change stay
            (0, [3]),
            (DELETE, []),
            (ADD | select.KQ_EV_ONESHOT, [3]),
        ):
            kq.control([select.kevent(r, flags=flags, udata=5)], 0)
            self.assertEqual([event.data for event in kq.control(None, 9, 0)], answer, hex(flags))
        self.assertEqual(kq.control(None, 9, 0), [])
        (event,) = kq.control([select.kevent(r, flags=DELETE)], 9, 0)
        self.assertEqual(event.data, errno.ENOENT)


class Filters(unittest.TestCase):
    def test_timeouts_are_never_early(self):
        kq = queue(self)
        for timeout in (0, 1e-9, 1e-6, 3.3e-4, 1.0001e-3, 0.0123):
            begin = time.monotonic()
            self.assertEqual(kq.control(None, 1, timeout), [])
            self.assertGreaterEqual(time.monotonic() - begin, timeout)
        self.assertEqual(kq.control(None, 0, 1e9), [])  # no room, so no wait
        self.assertEqual(kq.control([], 0, None), [])

    def test_timer(self):
        kq = queue(self)
        begin = time.monotonic()
        kq.control([select.kevent(9, select.KQ_FILTER_TIMER, ADD | select.KQ_EV_ONESHOT, 0, 30, 2**64 - 1)], 0)
        (event,) = kq.control(None, 3, 30)
        self.assertGreaterEqual(time.monotonic() - begin, 0.03)
        self.assertEqual((event.ident, event.data, event.udata), (9, 1, 2**64 - 1))

    def test_process(self):
        kq = queue(self)
        child = subprocess.Popen([sys.executable, "-c", "import os; os.read(0, 1); os._exit(7)"], stdin=subprocess.PIPE)
        kq.control([select.kevent(child.pid, select.KQ_FILTER_PROC, ADD, select.KQ_NOTE_EXIT)], 0)
        self.assertEqual(kq.control(None, 1, 0), [])
        child.communicate(b"x")
        (event,) = kq.control(None, 1, 30)
        self.assertEqual((event.ident, event.fflags, event.data), (child.pid, select.KQ_NOTE_EXIT, 7 << 8))
        with self.assertRaises(ProcessLookupError):
            kq.control([select.kevent(child.pid, select.KQ_FILTER_PROC, ADD, select.KQ_NOTE_EXIT)], 0)

    def test_file(self):
        kq = queue(self)
        with tempfile.NamedTemporaryFile(buffering=0) as file:
            notes = select.KQ_NOTE_WRITE | select.KQ_NOTE_EXTEND | select.KQ_NOTE_ATTRIB
            kq.control([select.kevent(file, select.KQ_FILTER_VNODE, ADD | select.KQ_EV_CLEAR, notes)], 0)
            self.assertEqual(kq.control(None, 1, 0), [])
            file.write(b"x")
            (event,) = kq.control(None, 1, 5)
            self.assertEqual(event.fflags, select.KQ_NOTE_WRITE | select.KQ_NOTE_EXTEND)
            os.chmod(file.name, 0o640)
            (event,) = kq.control(None, 1, 5)
            self.assertEqual(event.fflags, select.KQ_NOTE_ATTRIB)

    def test_the_error_of_a_socket_stays_in_it(self):
        kq = queue(self)
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = server.getsockname()
        with socket.socket() as refused:
            refused.setblocking(False)
            self.assertEqual(refused.connect_ex(address), errno.EINPROGRESS)
            kq.control([select.kevent(refused, select.KQ_FILTER_WRITE)], 0)
            (event,) = kq.control(None, 1, 30)
            self.assertTrue(event.flags & select.KQ_EV_EOF)
            self.assertEqual(event.fflags, 0)
            self.assertEqual(refused.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), errno.ECONNREFUSED)


class Threads(unittest.TestCase):
    def test_close_wakes_waiting_threads(self):
        kq = select.kqueue()
        answers = []

        def wait():
            try:
                answers.append(kq.control(None, 1, 60))
            except ValueError as error:
                answers.append(str(error))

        threads = [threading.Thread(target=wait) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        kq.close()
        for thread in threads:
            thread.join(30)
        self.assertEqual(answers, [CLOSED] * 5)

    def test_changes_affect_a_wait_in_progress(self):
        r, w = pipe(self)
        os.write(w, b"x")
        kq = queue(self)
        threading.Timer(0.1, kq.control, ([select.kevent(r)], 0)).start()
        self.assertEqual(events(kq.control(None, 4, 60)), [(r, select.KQ_FILTER_READ)])

    def test_one_shot_events_reach_one_thread_each(self):
        kq = queue(self)
        told = []

        def take():
            while True:
                (event,) = kq.control(None, 1, 60)
                if event.ident == 10**6:
                    return
                told.append(event.ident)

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        once = ADD | select.KQ_EV_ONESHOT
        for first in range(0, 200, 50):
            kq.control([select.kevent(first + i, select.KQ_FILTER_TIMER, once, 0, 1) for i in range(50)], 0)
        for _ in range(600):
            if len(told) >= 200:
                break
            time.sleep(0.05)
        kq.control([select.kevent(10**6, select.KQ_FILTER_TIMER, ADD, 0, 1)], 0)
        for thread in threads:
            thread.join(30)
        self.assertEqual(sorted(told), list(range(200)))

    def test_a_handler_that_raises_ends_the_wait(self):
        class Mine(Exception):
            pass

        def raises(*_):
            raise Mine

        before = signal.signal(signal.SIGALRM, raises)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        kq = queue(self)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        self.assertRaises(Mine, kq.control, None, 1, 60)

    def test_a_handler_that_closes(self):
        kq = select.kqueue()
        before = signal.signal(signal.SIGALRM, lambda *_: kq.close())
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        self.assertRaisesRegex(ValueError, CLOSED, kq.control, None, 1, 60)

    def test_a_wait_goes_on_after_a_handler(self):
        count = []
        before = signal.signal(signal.SIGALRM, lambda *_: count.append(1))
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        kq = queue(self)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        begin = time.monotonic()
        once = ADD | select.KQ_EV_ONESHOT
        # If each interruption repeated the change, the timer would never expire.
        (event,) = kq.control([select.kevent(1, select.KQ_FILTER_TIMER, once, 0, 200)], 1, 30)
        self.assertEqual((event.ident, event.data), (1, 1))
        self.assertEqual(kq.control(None, 1, 0.1), [])
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)
        while len(count) <= 2 and time.monotonic() < begin + 60:  # a busy machine merges signals
            self.assertEqual(kq.control(None, 1, 0.1), [])
        self.assertGreater(len(count), 2)
