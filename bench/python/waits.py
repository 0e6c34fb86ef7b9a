"""Makes the waits of waits.c with Python's modules select, selectors and asyncio:

    waits.py [threaded|iomux] ready WATCHED | change | modify | poll WATCHED | select WATCHED |
        late NANOSECONDS | ring PIPES | echo

With "threaded" the process has a second, idle thread. With "iomux" the module select has to be that
of this repository. The first line of output is "ready". For each number N in the input, the program
makes N operations, and prints their time and processor time as {"ns": …, "cpu": …}.
"""

import asyncio
import json
import os
import resource
import select
import selectors
import sys
import threading
import time


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    arguments = sys.argv[1:]
    if arguments[0] == "threaded":
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
        arguments.pop(0)
    elif arguments[0] == "iomux":
        if "dist" not in getattr(select, "__file__", ""):
            sys.exit("the module select is the original")
        arguments.pop(0)
    what, numbers = arguments[0], [int(number) for number in arguments[1:]]
    work = {
        "ready": ready,
        "change": change,
        "modify": modify,
        "poll": poll,
        "select": select_last,
        "late": late,
        "ring": ring,
        "echo": echo,
    }[what](*numbers)
    print("ready", flush=True)
    for line in sys.stdin:
        work(range(int(line) // 2))  # to warm up
        used, start = time.process_time_ns(), time.monotonic_ns()
        more = work(range(int(line))) or {}
        took = {"ns": time.monotonic_ns() - start, "cpu": time.process_time_ns() - used}
        print(json.dumps(took | more), flush=True)


def watch(count, first):
    """Makes eventfds. The first or the last one is readable."""
    chosen = 0 if first else count - 1
    return [os.eventfd(int(i == chosen), os.EFD_NONBLOCK) for i in range(count)]


def ready(count):
    epoll = select.epoll()
    for fd in watch(count, first=True):
        epoll.register(fd, select.EPOLLIN)

    def work(rounds):
        for _ in rounds:
            epoll.poll(0)

    return work


def change():
    epoll, fd = select.epoll(), os.pipe()[0]

    def work(rounds):
        for _ in rounds:
            epoll.register(fd, select.EPOLLIN)
            epoll.unregister(fd)

    return work


def modify():
    epoll, fd = select.epoll(), os.pipe()[0]
    epoll.register(fd, select.EPOLLIN)

    def work(rounds):
        for _ in rounds:
            epoll.modify(fd, select.EPOLLIN)

    return work


def poll(count):
    poller = select.poll()
    for fd in watch(count, first=False):
        poller.register(fd, select.POLLIN)

    def work(rounds):
        for _ in rounds:
            poller.poll(0)

    return work


def select_last(count):
    fds = watch(count, first=False)

    def work(rounds):
        for _ in rounds:
            select.select(fds, [], [], 0)

    return work


def late(nanoseconds):
    epoll = select.epoll()

    def work(rounds):
        took = []
        for _ in rounds:
            start = time.monotonic_ns()
            epoll.poll(nanoseconds / 1e9)
            took.append(time.monotonic_ns() - start - nanoseconds)
        took.sort()
        return took and {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100], "early": sum(t < 0 for t in took)}

    return work


def ring(count):
    selector = selectors.EpollSelector()
    pipes = [os.pipe2(os.O_NONBLOCK) for _ in range(count)]
    for i, (r, _) in enumerate(pipes):
        selector.register(r, selectors.EVENT_READ, i)
    os.write(pipes[0][1], b"x" * 8)

    def work(rounds):
        for _ in rounds:
            for key, _ in selector.select():
                data = os.read(key.fd, 8)
                os.write(pipes[(key.data + 1) % count][1], data)

    return work


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def echo():
    async def serve():
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=4096)
        host, port = server.sockets[0].getsockname()
        print(f"listening on {host}:{port}", flush=True)
        await server.serve_forever()

    asyncio.run(serve())


main()
