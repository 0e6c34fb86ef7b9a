"""The whole process: threads, children and memory."""

import os
import select
import signal
import subprocess
import sys
import threading
import time

from common import pipe, ready, waits, waits_epoll


def probe_threads_wait_side_by_side():
    pipes = [pipe() for _ in range(60)]
    got = []

    def one(i):
        r, w = pipes[i]
        got.append(waits(r)[i % 3](30))

    threads = [threading.Thread(target=one, args=(i,)) for i in range(60)]
    for thread in threads:
        thread.start()
    for _, w in pipes:
        os.write(w, b"x")
    for thread in threads:
        thread.join()
    return [len(got), all(got)]


def probe_threads_with_the_smallest_stack():
    threading.stack_size(32768)
    answers = []
    thread = threading.Thread(target=lambda: answers.extend(wait(0.01) for wait in waits(ready())))
    thread.start()
    thread.join()
    return answers


def probe_threads_come_and_go():
    fd = ready()
    got = []
    for _ in range(500):
        thread = threading.Thread(target=lambda: got.extend(wait(0) for wait in waits(fd)))
        thread.start()
        thread.join()
    return [len(got), all(got)]


def in_child(function):
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if function() is not False else 3)
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(4)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return "done"
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hung"


def probe_children_that_do_not_wait():
    waiting = waits(ready())
    return [in_child(lambda: True), [wait(0) for wait in waiting]]


def probe_children_that_wait():
    fd = ready()
    waiting = waits(fd)
    return [in_child(lambda: all(wait(5) for wait in waiting)), in_child(lambda: all(wait(5) for wait in waits(fd))),
            in_child(lambda: in_child(lambda: in_child(lambda: all(wait(5) for wait in waiting)) == "done") == "done")]


def probe_children_of_waiting_threads():
    r, w = pipe()
    threads = [threading.Thread(target=wait, args=(30,)) for wait in waits(r)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    answers = [in_child(lambda: all(wait(5) for wait in waits(ready()))) for _ in range(5)]
    os.write(w, b"x")
    for thread in threads:
        thread.join()
    return answers


def probe_children_of_other_threads():
    """Forks in a thread, which is the main thread of the child and ends there."""
    answers = []
    waiting = waits(ready())

    def fork():
        waiting[0](0)
        pid = os.fork()
        if pid:
            answers.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        elif not all(wait(5) for wait in waiting):
            os._exit(1)

    for _ in range(3):
        thread = threading.Thread(target=fork)
        thread.start()
        thread.join()
        if threading.current_thread() is not threading.main_thread():
            break
    return answers


def probe_children_know_what_was_registered():
    fds = [ready() for _ in range(5)]
    p, ep = select.poll(), select.epoll()
    for fd in fds[::-1]:
        p.register(fd, select.POLLIN)
        ep.register(fd, select.EPOLLIN)
    p.unregister(fds[1])
    p.modify(fds[2], select.POLLOUT)
    p.register(fds[1], select.POLLIN | select.POLLPRI)
    expected = p.poll(0)
    answers = [len(expected)]

    def child():
        assert p.poll(0) == expected, p.poll(0)
        assert len(ep.poll(0)) == 5
        p.modify(fds[2], select.POLLIN)
        p.unregister(fds[0])
        assert len(p.poll(0)) == 4
        ep.close()

    answers.append(in_child(child))
    return answers + [p.poll(0) == expected, len(ep.poll(0))]


def probe_children_close_without_a_use():
    ep = waits_epoll(ready())

    def child():
        ep.close()
        assert ep.closed

    return [in_child(child), in_child(lambda: ep.__exit__()), len(ep.poll(0))]


def probe_no_descriptor_is_inherited():
    """Checks that exec closes the descriptors of the module."""
    for wait in waits(ready()):
        wait(0)
    command = [sys.executable, "-c", "import os; print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:3])"]
    return subprocess.run(command, capture_output=True, text=True, close_fds=False).stdout


def probe_subinterpreters():
    try:
        import _interpreters as interpreters  # since Python 3.13
    except ImportError:
        import _xxsubinterpreters as interpreters

    one = interpreters.create()
    code = "import select; select.epoll().poll(0); select.poll().poll(0); select.select([], [], [], 0)"
    interpreters.run_string(one, code)
    interpreters.destroy(one)
    two = interpreters.create()
    interpreters.run_string(two, code)
    return [select.poll().poll(0)]


def probe_imported_again():
    old = select.epoll()
    del sys.modules["select"]
    import select as again

    return [again is select, again.epoll is type(old), again.poll().poll(0), old.poll(0)]


def probe_memory_runs_out():
    """Makes each allocation fail in turn. The result is a MemoryError or success, but no crash."""
    import _testcapi

    fds = [ready() for _ in range(50)]

    def use_epoll():
        with select.epoll() as ep:
            ep.register(fds[0], 1), ep.modify(fds[0], 5), ep.poll(timeout=0, maxevents=2000), ep.unregister(fd=fds[0])

    def use_poll():
        p = select.poll()
        for fd in fds:
            p.register(fd, 1)
        p.poll(0), p.modify(fds[0], 1), p.unregister(fds[0])

    def use_select():
        select.select(fds, fds, [], 0)

    for use in (use_epoll, use_poll, use_select):
        for first in range(300):
            _testcapi.set_nomemory(first, first + 1 + first % 3)
            try:
                use()
            except MemoryError:
                pass
            finally:
                _testcapi.remove_mem_hooks()
    return "no crash"
