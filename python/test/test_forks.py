"""Child processes, which load a core of their own at the first use."""

import unittest

from child import run

WAITS = """
import os, select, signal, sys, threading, time
r, w = os.pipe()
os.write(w, b'x')
p = select.poll(); p.register(r, select.POLLIN)
ep = select.epoll(); ep.register(r, select.EPOLLIN)
def works():
    return (p.poll(5000) == [(r, 1)] and ep.poll(5) == [(r, 1)] and select.select([r], [], [], 5)[0] == [r]
        and select.epoll().poll(0) == [] and select.poll().poll(0) == [])
def status(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert works()
"""


class Forks(unittest.TestCase):
    def test_many_generations(self):
        code = """
depth = 0
while depth < 40:
    pid = os.fork()
    if pid:
        code = status(pid)
        print(code) if depth == 0 else os._exit(code)
        break
    depth += 1
    if not works():
        os._exit(100 + depth)
else:
    os._exit(7)
"""
        self.assertEqual(run(WAITS + code), "7")

    def test_many_children(self):
        code = """
for _ in range(50):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if works() else 1)
    assert status(pid) == 0
assert works()
"""
        run(WAITS + code)

    def test_a_child_keeps_no_descriptor_of_its_copy(self):
        code = """
def links():
    return sorted(os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}'))
before = len(links())
pid = os.fork()
if pid == 0:
    assert works()
    after = links()
    # The parent's waker is still open, and so is the child's.
    os._exit(0 if len(after) == before + 1 and not any('memfd' in link for link in after) else 1)
assert status(pid) == 0
"""
        run(WAITS + code)

    def test_forks_while_threads_use_the_module(self):
        code = """
stop = False
def busy():
    while not stop:
        q = select.poll(); q.register(w); q.poll(0)
        with select.epoll() as e:
            e.register(r); e.poll(0.001)
        ep.poll(0), select.select([r], [], [], 0)
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads: thread.start()
for _ in range(60):
    pid = os.fork()
    if pid == 0:
        q = select.poll(); q.register(r, 1)
        os._exit(0 if q.poll(5000) and ep.poll(5) and select.select([r], [], [], 5)[0] else 1)
    assert status(pid) == 0
stop = True
for thread in threads: thread.join()
assert works()
"""
        run(WAITS + code)

    def test_a_pool_of_children(self):
        code = """
import multiprocessing, multiprocessing.connection
def square(n):
    return n * n if works() else None
with multiprocessing.get_context('fork').Pool(2) as pool:
    assert pool.map(square, range(20)) == [n * n for n in range(20)]
assert works()
"""
        run(WAITS + code)

    def test_children_of_a_pseudo_terminal(self):
        code = """
import pty
pid, terminal = pty.fork()
if pid == 0:
    os._exit(8 if works() else 1)
print(status(pid))
"""
        self.assertEqual(run(WAITS + code), "8")

    def test_a_child_that_ends_normally(self):
        """The interpreter is finalized, and an exit handler waits."""
        code = """
import atexit
pid = os.fork()
if pid == 0:
    atexit.register(lambda: works() or os._exit(1))
    sys.exit(9)
print(status(pid))
"""
        self.assertEqual(run(WAITS + code), "9")

    def test_a_thread_forks_and_its_child_starts_threads(self):
        """The child ends with its last thread."""
        code = """
def late():
    time.sleep(0.3)
    assert works()
    os.write(w, b'late')
def forks():
    works()
    pid = os.fork()
    if pid == 0:
        works()
        threading.Thread(target=late).start()
        return
    print(status(pid), os.read(r, 100))
thread = threading.Thread(target=forks)
thread.start()
thread.join()
"""
        self.assertEqual(run(WAITS + code), "0 b'xlate'")

    def test_two_processes_share_an_epoll(self):
        """If one process closes it, it stays open in the other."""
        code = """
pid = os.fork()
if pid == 0:
    assert works()
    ep.close()
    os._exit(0)
assert status(pid) == 0
assert ep.poll(1) == [(r, 1)]
ep.modify(r, 0)
assert ep.poll(0.01) == []
"""
        run(WAITS + code)
