"""Signals, and their handlers."""

import faulthandler
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time

from common import lasts, outcome, pipe, ready, waits, waits_epoll, waits_poll


class Trouble(Exception):
    pass


def every(seconds, handler):
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)


def probe_handlers_run_and_the_wait_goes_on():
    answers = []
    for wait in waits(pipe()[0]):
        count = []
        every(0.02, lambda *_: count.append(1))
        answers.append(lasts(wait, 0.2, 0.2) + [len(count) >= 3])
        signal.setitimer(signal.ITIMER_REAL, 0)
    return answers


def probe_handlers_run_and_endless_waits_go_on():
    r, w = pipe()
    answers = []
    for wait in (lambda: select.select([r], [], []), lambda: waits_poll(r).poll(), lambda: waits_epoll(r).poll()):
        count = []

        def handler(*_):
            count.append(1)
            if len(count) == 3:
                os.write(w, b"x")

        every(0.02, handler)
        answers.append(bool(wait()))
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.append([len(count) >= 3, os.read(r, 1) == b"x"])
    return answers


def probe_handlers_that_raise_end_the_wait():
    def handler(*_):
        raise Trouble("in a handler")

    answers = []
    for wait in waits(pipe()[0]):
        every(0.05, handler)
        begin = time.monotonic()
        answers.append(outcome(wait, 30))
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.append(time.monotonic() - begin < 10)
    return answers


def probe_keyboard_interrupt():
    answers = []
    for wait in waits(pipe()[0]):
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        answers.append(outcome(wait, 30))
    return answers


def probe_wakeup_descriptor():
    r, w = pipe()
    os.set_blocking(w, False)
    signal.set_wakeup_fd(w)
    signal.signal(signal.SIGALRM, lambda *_: None)
    answers = []
    for wait in waits(r):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        answers += [wait(30), list(os.read(r, 10))]
    return answers


def probe_handler_that_closes_the_epoll():
    ep = waits_epoll(pipe()[0])
    every(0.05, lambda *_: ep.close())
    answer = outcome(ep.poll, 30)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return answer


def probe_handler_that_waits():
    fd = ready()
    got = []
    every(0.05, lambda *_: got.append([wait(0) for wait in waits(fd)]))
    answers = [wait(0.12) for wait in waits(pipe()[0])]
    signal.setitimer(signal.ITIMER_REAL, 0)
    return [answers, got[:1]]


def probe_handler_that_polls_the_same_object():
    fd = pipe()[0]
    p, ep = waits_poll(fd), waits_epoll(fd)
    got = []
    every(0.05, lambda *_: got.append((outcome(p.poll, 0), outcome(ep.poll, 0))))
    answers = [p.poll(120), ep.poll(0.12)]
    signal.setitimer(signal.ITIMER_REAL, 0)
    return [answers, sorted(set(got))]


def probe_handler_that_forks():
    """Forks in a handler. The child continues the interrupted wait of its parent."""
    r, w = pipe()
    answers = []
    for i, wait in enumerate(waits(r)):
        children = []

        def handler(*_):
            children.append(os.fork())

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        found = lasts(wait, 0.3, 0.3)
        if children[0] == 0:
            os._exit(10 + i if found == ["False", "in time"] else 1)
        answers += [found, os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1])]
    return answers


def probe_no_signal_is_taken():
    """Checks that a blocked signal stays pending until a program waits for it."""
    waiting = waits(ready())
    lost = {}
    for number in (signal.SIGUSR1, signal.SIGCHLD, signal.SIGPROF, signal.SIGURG, signal.SIGPIPE, signal.SIGRTMIN, signal.SIGSEGV, signal.SIGTRAP):
        signal.pthread_sigmask(signal.SIG_BLOCK, [number])
        for _ in range(100):
            os.kill(os.getpid(), number)
            for wait in waiting:
                wait(0)
            if signal.sigtimedwait([number], 0.001) is None:
                lost[number] = lost.get(number, 0) + 1
    return lost


def probe_masks_and_dispositions_stay():
    """Returns the masks and handlers after `import select` and the first waits, in two threads."""
    code = """
import signal, sys, threading
def state():
    own = 1 << 32  # the C library's, once there are threads
    with open('/proc/thread-self/status') as file:
        return [hex(int(line.split()[1], 16) & ~own) for line in file if line.startswith(('SigBlk', 'SigIgn', 'SigCgt'))]
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGCHLD, signal.SIGPROF])
before = state()
import select
def use():
    select.epoll().poll(0), select.poll().poll(0), select.select([], [], [], 0)
    assert state() == before, (state(), before)
use()
thread = threading.Thread(target=use)
thread.start(); thread.join()
print(before, [signal.getsignal(s) for s in (signal.SIGPIPE, signal.SIGURG, signal.SIGSEGV, signal.SIGCHLD)])
"""
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", code], capture_output=True, text=True, restore_signals=False)
    return [done.returncode, done.stdout, done.stderr]


def probe_a_crash_elsewhere_is_the_same():
    """Checks that a fault in other C code ends the process, and that faulthandler reports it."""
    answers = []
    for flags in ([], ["-X", "faulthandler"]):
        for crash in ("faulthandler._sigsegv()", "faulthandler._sigabrt()", "faulthandler._sigfpe()", "os.kill(os.getpid(), signal.SIGBUS)",
                      "faulthandler.enable(); faulthandler._sigsegv()"):
            code = f"import faulthandler, os, select, signal; select.epoll().poll(0); {crash}"
            done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
            answers.append([done.returncode, done.stderr.splitlines()[:1]])
    return answers


def probe_traceback_of_a_waiting_process():
    with open("/dev/null", "w") as nowhere:
        # This shows one thread only. With all threads, Python 3.12.1 crashes if one ends meanwhile,
        # on the original too.
        faulthandler.register(signal.SIGUSR1, file=nowhere, all_threads=False)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        return [wait(0.2) for wait in waits(pipe()[0])]
