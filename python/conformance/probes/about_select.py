"""select.select."""

import os
import resource
import select
import socket
import sys

from common import NUMBERS, TIMES, Fileno, Index, lasts, outcome, outcomes, pipe, raising, ready



def probe_select_arguments():
    return outcomes(select.select, (), (1,), ([], []), ([], [], [], 0), ([], [], [], 0, 0), (1, 2, 3), ("a", [], []), ([], None, [], 0),
                    ([], [], 5), ({}, set(), (), 0), (iter([]), range(0), b"", 0))


def probe_select_keywords():
    return [outcome(lambda: select.select([], [], [], timeout=0)), outcome(lambda: select.select(rlist=[], wlist=[], xlist=[]))]


def probe_select_timeouts():
    fd = ready()
    return [outcome(select.select, [fd], [], [], t) for t in TIMES]


def probe_select_descriptors():
    return [outcome(select.select, [n], [], [], 0) for n in NUMBERS if n not in (0, 1)] + [
        outcome(select.select, [Fileno(n)], [], [], 0) for n in NUMBERS if n not in (0, 1)
    ]


def probe_select_generators_and_duplicates():
    fd = ready()
    objects = [Fileno(fd), fd, Fileno(fd)]
    r, w, x = select.select((o for o in objects + objects), [], {fd: 1}, 0)
    return [[objects.index(o) for o in r], w, x, [a is b for a, b in zip(r, objects)]]


def probe_select_at_1024_and_beyond():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    fd = ready()
    answers = []
    for number in (1023, 1024, 4000):
        os.dup2(fd, number)
        answers += [outcome(select.select, [number], [], [], 0), outcome(select.select, [], [Fileno(number)], [], 0)]
    return answers


def probe_select_1025_entries():
    fd = ready()
    return [outcome(lambda n: len(select.select([fd] * n, [], [], 0)[0]), n) for n in (31, 32, 33, 128, 129, 1023, 1024, 1025, 5000)] + [
        outcome(lambda: [len(l) for l in select.select([fd] * 1024, [fd] * 1024, [fd] * 1024, 0)])
    ]


def probe_select_closed_descriptor():
    r, w = pipe()
    os.close(r)
    return [outcome(select.select, [r], [], [], 0), outcome(select.select, [w], [w], [r], 0)]


def probe_select_closed_beyond_the_table():
    return outcome(select.select, [1000], [], [], 0)


def probe_select_fileno_that_fails():
    cases = [raising(KeyError("x")), raising(KeyboardInterrupt()), lambda: "1", lambda: None, lambda: -1, lambda: 2**70, lambda: Index(1)]
    return [outcome(select.select, [], [Fileno(case)], [], 0) for case in cases] + [
        outcome(select.select, [Fileno(Fileno(1))], [], [], 0),
        outcome(select.select, [type("Not", (), {"fileno": 5})()], [], [], 0),
    ]


def probe_select_list_cleared_while_read():
    fd = ready()
    objects = []
    objects += [Fileno(lambda: objects.clear() or fd)] * 100
    return [outcome(select.select, objects, [], [], 0), len(objects)]


def probe_select_list_grown_while_read():
    fd = ready()
    objects = []

    def more():
        if len(objects) < 2000:
            objects.append(Fileno(more))
        return fd

    objects.append(Fileno(more))
    return [outcome(select.select, objects, [], [], 0), len(objects)]


def probe_select_list_shrunk_while_read():
    fd = ready()
    objects = []
    objects += [Fileno(lambda: objects.pop() and fd) for _ in range(9)]
    return [outcome(select.select, objects, [], [], 0), len(objects)]


def probe_select_closes_while_read():
    fd = ready()
    return outcome(select.select, [fd, Fileno(lambda: os.close(fd) or fd)], [], [], 0)


def probe_select_references():
    fd = ready()
    objects = [Fileno(fd) for _ in range(50)]
    bad = Fileno(raising(ValueError("no")))
    before = [sys.getrefcount(o) for o in objects + [bad]]
    for _ in range(10):
        select.select(objects, [], [], 0)
        outcome(select.select, objects, [bad], [], 0)
        outcome(select.select, objects, [], [], "x")
    return before == [sys.getrefcount(o) for o in objects + [bad]]


def probe_select_exceptional():
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    peer, _ = server.accept()
    peer.send(b"!", socket.MSG_OOB)
    with server, client, peer:
        r, w, x = select.select([], [], [client], 5)
        return x == [client]


def probe_select_sleeps():
    return [lasts(select.select, [], [], [], 0.05, 0.05), lasts(select.select, (), (), (), 0.0015, 0.0015)]
