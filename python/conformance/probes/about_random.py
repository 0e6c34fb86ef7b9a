"""Long random sequences of good and bad calls, the same for both modules."""

import gc
import os
import random
import select

from common import NUMBERS, Fileno, Index, moved, outcome, pipe, raising, ready

# None of these waits long.
SHORT = [0, 0.0, 1e-9, 1e-10, 0.0001, float("nan"), float("inf"), float("-inf"), 1e300, 2**62, 2**63, "0", b"0", [], 0j, Index(0)]
SIZES = [-1, 1, 2, 3, 5, 1023, 1024, 0, -2, 2**31, -(2**40), Index(2), 1.0, "1", None]


def new_epoll():
    born = select.epoll()
    return select.epoll.fromfd(moved(os.dup(born.fileno())))


class Game:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.fds = [fd for _ in range(4) for fd in pipe()] + [ready() for _ in range(4)]
        self.epolls, self.polls = [new_epoll()], [select.poll()]

    def fd(self):
        """Returns a descriptor in one of the forms that programs use, mostly a good one."""
        number = self.random.choice(self.fds) if self.random.random() < 0.8 else self.random.choice(NUMBERS)
        kind = self.random.random()
        if kind < 0.7:
            return number
        if kind < 0.75:
            return Fileno(raising(self.random.choice([KeyError("k"), OSError(5, "five"), ValueError()])))
        return Fileno(number) if kind < 0.9 else self.random.choice(self.epolls)

    def mask(self, bits):
        return self.random.getrandbits(bits) if self.random.random() < 0.7 else self.random.choice(NUMBERS)

    def some(self, *makers):
        """Returns all arguments most of the time, and otherwise too few or too many."""
        count = self.random.choice([len(makers)] * 4 + [0, 1, 2, 3])
        return [makers[i]() if i < len(makers) else 0 for i in range(count)]

    def named(self, names, args):
        """Passes some arguments by name, sometimes."""
        if self.random.random() < 0.8:
            return args, {}
        cut = self.random.randrange(len(args) + 1)
        return args[:cut], dict(zip((names + ["else", "more", "again", "once"])[cut:], args[cut:]))

    def step(self):
        ep, p = self.random.choice(self.epolls), self.random.choice(self.polls)
        time, size = lambda: self.random.choice(SHORT), lambda: self.random.choice(SIZES)
        wide, narrow = lambda: self.mask(32), lambda: self.mask(16)
        objects = lambda: [self.fd() for _ in range(self.random.choice([0, 1, 2, 40]))]
        name, function, args, names = self.random.choice(
            [
                ("epoll.register", ep.register, self.some(self.fd, wide), ["fd", "eventmask"]),
                ("epoll.modify", ep.modify, self.some(self.fd, wide), ["fd", "eventmask"]),
                ("epoll.unregister", ep.unregister, self.some(self.fd), ["fd"]),
                ("epoll.poll", ep.poll, [time()] + self.some(size)[:3], ["timeout", "maxevents"]),
                ("poll.register", p.register, self.some(self.fd, narrow), []),
                ("poll.modify", p.modify, self.some(self.fd, narrow), []),
                ("poll.unregister", p.unregister, self.some(self.fd), []),
                ("poll.poll", p.poll, [time()] + self.some()[:1], []),
                ("select", select.select, [objects(), objects(), objects(), time()], []),
                ("close", ep.close, [], []),
                ("new", self.new, [], []),
                ("swap", self.swap, [], []),
            ]
        )
        args, by_name = self.named(names, args)
        return name + ": " + outcome(function, *args, **by_name)

    def new(self):
        """Replaces an object."""
        if self.random.random() < 0.3:
            self.epolls.append(new_epoll())
            self.polls.append(select.poll())
        if len(self.epolls) > 4:
            self.epolls.pop(0), self.polls.pop(0)

    def swap(self):
        """Closes a descriptor and gives its number to another file."""
        i = self.random.randrange(len(self.fds))
        os.dup2(self.random.choice(self.fds), self.fds[i])


def play(seed):
    gc.disable()  # it would close epolls in reference cycles at different times on the two modules
    game = Game(seed)
    lines = []
    for i in range(4000):
        lines.append(f"{i} {game.step()}")
    return [line.split(" at 0x")[0] for line in lines]


def probe_random_calls_1():
    return play(1)


def probe_random_calls_2():
    return play(2)


def probe_random_calls_3():
    return play(3)
