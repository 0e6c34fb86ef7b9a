"""The system calls that the C half makes by itself, without the core."""

import os
import subprocess
import tempfile
import unittest

from child import run

# A library in front of the C library. It counts the calls that the C half makes, and makes those on
# one epoll slow.
WRAPPER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

int controls, looks, polls, selects, slow = -1;

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))
#define COUNT(counter) __atomic_add_fetch(&counter, 1, __ATOMIC_SEQ_CST)
#define DELAY(fd) (fd == slow ? usleep(500000) : 0)

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    COUNT(controls), DELAY(epfd);
    return REAL(epoll_ctl)(epfd, op, fd, event);
}
int epoll_wait(int epfd, struct epoll_event *events, int room, int timeout)
{
    COUNT(looks), DELAY(epfd);
    return REAL(epoll_wait)(epfd, events, room, timeout);
}
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    COUNT(polls);
    return REAL(poll)(fds, n, timeout);
}
int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
    COUNT(selects);
    return REAL(select)(n, r, w, x, timeout);
}
"""

START = """
import ctypes, errno, os, re, select, signal, sys, threading, time
r, w = os.pipe()
os.write(w, b'x')
ep = select.epoll()

def wakers():
    with open(f'/proc/self/fdinfo/{ep.fileno()}') as info:
        found = re.findall(r'tfd: *(\\d+) .* data: *696f6d78ffffffff', info.read())
    return [int(number) for number in found]

def error_of(function, *args):
    try:
        function(*args)
    except (OSError, ValueError) as error:
        return getattr(error, 'errno', None) or str(error)
"""

WRAPPED = START + """
library = ctypes.CDLL(None)
def counted(name):
    return ctypes.c_int.in_dll(library, name)
names = ('controls', 'looks', 'polls', 'selects')
"""


class Direct(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.wrapper = os.path.join(folder.name, "wrapper.so")
        command = ["cc", "-shared", "-fPIC", "-x", "c", "-o", cls.wrapper, "-"]
        subprocess.run(command, input=WRAPPER, text=True, check=True)

    def run_wrapped(self, code, **environment):
        return run(WRAPPED + code, environment={"LD_PRELOAD": self.wrapper, **environment})

    COUNTS = """
p = select.poll()
p.register(r, 1)
ep.register(r, 1)
for timeout in (0, 0.001):
    before = [counted(name).value for name in names]
    ep.modify(r, 1)
    assert ep.poll(timeout) == [(r, 1)]
    assert p.poll(timeout * 1000) == [(r, 1)]
    assert select.select([r], [], [], timeout) == ([r], [], [])
    print(*[counted(name).value - n for name, n in zip(names, before)])
"""

    def test_calls_that_cannot_block_are_direct(self):
        self.assertEqual(self.run_wrapped(self.COUNTS), "1 1 1 1\n1 0 0 0")

    def test_a_variable_sends_all_calls_through_the_core(self):
        self.assertEqual(self.run_wrapped(self.COUNTS, IOMUX_SELECT_DIRECT="no"), "0 0 0 0\n0 0 0 0")

    def test_close_does_not_free_the_number_under_a_call(self):
        code = """
for call in (lambda: ep.modify(r, 1), lambda: ep.poll(0), lambda: ep.unregister(r)):
    ep = select.epoll()
    number = ep.fileno()
    ep.register(r, 0)
    counted('slow').value = number
    before = counted('controls').value + counted('looks').value
    results = []
    thread = threading.Thread(target=lambda: results.append(error_of(call)))
    thread.start()
    while counted('controls').value + counted('looks').value == before:
        time.sleep(0.001)
    ep.close()
    assert ep.closed
    assert error_of(ep.fileno) == 'I/O operation on closed epoll object'
    os.fstat(number)
    thread.join()
    print(results, error_of(os.fstat, number) == errno.EBADF)
"""
        closed = "['I/O operation on closed epoll object'] True"
        self.assertEqual(self.run_wrapped(code), f"[None] True\n{closed}\n[None] True")

    def test_close_in_a_child_forked_during_a_call(self):
        """The child does not have the thread that makes the call, and must not wait for it."""
        code = """
ep.register(r, 0)
number = ep.fileno()
counted('slow').value = number
before = counted('controls').value
thread = threading.Thread(target=ep.modify, args=(r, 1))
thread.start()
while counted('controls').value == before:
    time.sleep(0.001)
pid = os.fork()
if pid == 0:
    ep.close()
    os._exit(0 if error_of(os.fstat, number) == errno.EBADF else 1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
thread.join()
"""
        self.assertEqual(self.run_wrapped(code), "0")

    def test_a_closing_call_wakes_waiting_threads_afterwards(self):
        code = """
ep.register(r, 0)
results = []
waiter = threading.Thread(target=lambda: results.append(error_of(ep.poll, 60)))
waiter.start()
time.sleep(0.1)
counted('slow').value = ep.fileno()
caller = threading.Thread(target=ep.modify, args=(r, 0))
caller.start()
time.sleep(0.1)
ep.close()
waiter.join(30)
print(results)
"""
        self.assertEqual(self.run_wrapped(code), "['I/O operation on closed epoll object']")


class Wakers(unittest.TestCase):
    def test_the_wakers_number_cannot_be_changed(self):
        code = """
(waker,) = wakers()
for change in (lambda: ep.register(waker, 1), lambda: ep.modify(waker, 1), lambda: ep.unregister(waker)):
    assert error_of(change) == errno.EBADF
assert wakers() == [waker]
assert ep.poll(0) == []
"""
        run(START + code)

    def test_a_childs_waker_cannot_be_changed(self):
        """The child's waker may have a number that its parent has registered and closed."""
        code = """
parents = wakers()
ep.register(r)
os.close(r)
pid = os.fork()
if pid == 0:
    ep.poll(0)
    (waker,) = set(wakers()) - set(parents)
    known = waker == r
    refused = error_of(ep.modify, waker, 1) == errno.EBADF
    os._exit(0 if known and refused else 1 if refused else 2)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
        run(START + code)

    def test_events_of_wakers_are_not_reported(self):
        code = """
import struct
libc = ctypes.CDLL(None)
def add(fd, data):
    event = ctypes.create_string_buffer(struct.pack('=IQ', select.EPOLLIN, data))
    assert libc.epoll_ctl(ep.fileno(), 1, fd, event) == 0
add(r, 0x696f6d78ffffffff)
assert ep.poll(0) == ep.poll(0.001) == []
r2, w2 = os.pipe()
os.write(w2, b'x')
ep.register(r2, 1)
assert ep.poll(0) == ep.poll(0.001) == [(r2, 1)]
r3 = os.dup(r2)
add(r3, 0xffffffff)
assert sorted(ep.poll(0)) == sorted(ep.poll(0.001)) == [(-1, 1), (r2, 1)]
"""
        run(START + code)


class Looks(unittest.TestCase):
    def test_a_poll_object_follows_its_changes(self):
        code = """
p = select.poll()
assert p.poll(0) == []
p.register(r, 1)
p.register(w, 4)
assert p.poll(0) == [(r, 1), (w, 4)]
p.modify(r, 0)
assert p.poll(0) == [(w, 4)]
p.modify(r, 1)
p.unregister(w)
assert p.poll(0) == p.poll(1) == [(r, 1)]
p.register(w, 4)
p.register(r, 0)
p.register(r, 1)
assert p.poll(0) == p.poll(1) == [(r, 1), (w, 4)]
os.close(w)
assert p.poll(0) == p.poll(1) == [(r, 17), (w, 32)]
"""
        run(START + code)

    def test_the_three_lists_of_select_are_separate(self):
        code = """
for timeout in (0, 0.001):
    assert select.select([r], [w], [r, w], timeout) == ([r], [w], [])
    assert select.select([], [w], [], timeout) == ([], [w], [])
    assert select.select([], [], [r], timeout) == ([], [], [])
    assert select.select([], [], [], timeout) == ([], [], [])
    assert select.select([r, r], [w, w], [], timeout) == ([r, r], [w, w], [])
    assert error_of(select.select, [r], [1023], [], timeout) == errno.EBADF
"""
        run(START + code)

    def test_a_childs_smaller_table_is_noticed(self):
        """A child's table is smaller, and select(2) ignores descriptors beyond it."""
        code = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
os.dup2(r, 1000)
assert select.select([1000], [], [], 0)[0] == [1000]
os.close(1000)
assert error_of(select.select, [1000], [], [], 0) == errno.EBADF
pid = os.fork()
if pid == 0:
    os._exit(0 if error_of(select.select, [1000], [], [], 0) == errno.EBADF else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
        run(START + code)

    def test_pending_signals_are_handled(self):
        """Runs a handler that raises before a call with timeout 0 ends."""
        code = """
def handler(*_):
    raise KeyError('mine')
signal.signal(signal.SIGUSR1, handler)
p = select.poll()
for look in (lambda: ep.poll(0), lambda: p.poll(0), lambda: select.select([], [], [], 0)):
    try:
        signal.raise_signal(signal.SIGUSR1)
        look()
    except KeyError:
        continue
    sys.exit('the handler did not run')
"""
        run(START + code)


if __name__ == "__main__":
    unittest.main()
